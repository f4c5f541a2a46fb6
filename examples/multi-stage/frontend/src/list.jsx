import { useEffect, useState } from "preact/hooks";

export function List() {
  const [recipes, setRecipes] = useState([]);
  useEffect(() => {
    fetch("/api/recipes").then((answer) => answer.json()).then(setRecipes);
  }, []);
  return (
    <main>
      <h1>Recipes</h1>
      <ul>
        {recipes.map(({ id, title, minutes }) => (
          <li key={id}><a href={`/recipes/${id}`}>{title}</a> ({minutes} min)</li>
        ))}
      </ul>
    </main>
  );
}
