import "./style.css";

const tides = ["low at 6", "high at 12"];
document.querySelector("#tides").innerHTML = tides.map((tide) => `<p>${tide}</p>`).join("");
