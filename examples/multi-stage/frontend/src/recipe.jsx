import { useEffect, useState } from "preact/hooks";

export function Recipe({ id }) {
  const [recipe, setRecipe] = useState(null);
  useEffect(() => {
    fetch(`/api/recipes/${id}`).then((answer) => answer.json()).then(setRecipe);
  }, [id]);
  if (!recipe) return <p>…</p>;
  return (
    <main>
      <h1>{recipe.title}</h1>
      <ul>{recipe.ingredients.map((one) => <li key={one}>{one}</li>)}</ul>
      <a href="/">all recipes</a>
    </main>
  );
}
