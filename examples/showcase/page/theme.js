// Owns the first paint: sets the theme that was chosen last before anything is drawn. Knows nothing else of the page.
const chosen = localStorage.getItem("theme");
if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
