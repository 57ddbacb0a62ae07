// The questions at the end of a chapter. The style sheet shows the explanation of a chosen answer;
// this file counts, and ties the explanation to the answer for those who do not see the page.
(() => {
  function start() {
    for (const quiz of document.querySelectorAll(".quiz")) {
      const groups = [...quiz.querySelectorAll(".quiz-question")];
      const score = quiz.querySelector(".quiz-score");

      quiz.addEventListener("change", () => {
        // the explanation belongs to an answer once it is chosen, and not before
        for (const input of quiz.querySelectorAll("input")) {
          if (input.checked) input.setAttribute("aria-describedby", `${input.id}-because`);
          else input.removeAttribute("aria-describedby");
        }
        const chosen = groups.map((group) => group.querySelector("input:checked"));
        const answered = chosen.filter(Boolean).length;
        const right = chosen.filter((input) => input?.dataset.right === "true").length;
        score.textContent = `${right} of ${groups.length} right, ${answered} answered.`;
      });
    }
  }

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
