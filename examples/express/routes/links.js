const express = require("express");

const router = express.Router();
const links = new Map();

router.get("/", (req, res) => {
  res.render("index", { links: [...links], error: null });
});

router.post("/", (req, res) => {
  let url;
  try {
    url = new URL(req.body.url);
    if (!/^https?:$/.test(url.protocol)) throw new Error("not a web address");
  } catch {
    return res.status(400).render("index", { links: [...links], error: "That is not a web address." });
  }
  const id = (links.size + 1).toString(36);
  links.set(id, url.href);
  res.redirect("/");
});

router.get("/:id", (req, res) => {
  const url = links.get(req.params.id);
  if (!url) return res.status(404).send("no such link");
  res.redirect(url);
});

module.exports = router;
