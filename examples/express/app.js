const path = require("path");
const compression = require("compression");
const express = require("express");
const morgan = require("morgan");
const links = require("./routes/links");

const app = express();
app.set("views", path.join(__dirname, "views"));
app.set("view engine", "ejs");

if (process.env.NODE_ENV !== "test") app.use(morgan("tiny"));
app.use(compression());
app.use(express.urlencoded({ extended: false }));
app.use(express.static(path.join(__dirname, "public")));

app.get("/healthz", (req, res) => {
  res.json({ status: "ok", commit: process.env.GIT_COMMIT || "unknown" });
});
app.use("/", links);

module.exports = app;
