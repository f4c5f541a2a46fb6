import { render } from "preact";
import { Router } from "preact-router";
import { List } from "./list.jsx";
import { Recipe } from "./recipe.jsx";
import "./style.less";

const App = () => (
  <Router>
    <List path="/" />
    <Recipe path="/recipes/:id" />
  </Router>
);

render(<App />, document.getElementById("app"));
