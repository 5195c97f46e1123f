// Shows the chosen image in every card, or each card's own when none is chosen.
const chooser = document.getElementById("image");
const cards = document.querySelectorAll(".card");
function show() {
  for (const card of cards) {
    const wanted = chooser.value === "" ? card.dataset.median : chooser.value;
    let found = false;
    for (const item of card.querySelectorAll("[data-image]")) {
      item.hidden = item.dataset.image !== wanted;
      found ||= !item.hidden;
    }
    card.querySelector(".missing").hidden = found;
  }
}
// A link to #image-7 chooses image 7, from anywhere in the page.
function follow() {
  const match = /^#image-(\d+)$/.exec(location.hash);
  const known = match && Array.from(chooser.options).some((option) => option.value === match[1]);
  if (known) {
    chooser.value = match[1];
    show();
    document.getElementById("cases").scrollIntoView();
  }
}
if (chooser) {
  chooser.addEventListener("change", show);
  window.addEventListener("hashchange", follow);
  show();
  follow();
}
