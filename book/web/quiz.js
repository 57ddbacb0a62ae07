// The questions at the end of a chapter. The style sheet shows the explanation of a chosen answer;
// this file counts, and tells the explanation to those who do not see it.
(() => {
  function start() {
    for (const quiz of document.querySelectorAll(".quiz")) {
      const groups = [...quiz.querySelectorAll(".quiz-question")];
      const score = quiz.querySelector(".quiz-score");

      // an answer is announced where it stands
      for (const because of quiz.querySelectorAll(".quiz-because")) {
        because.setAttribute("aria-live", "polite");
      }

      quiz.addEventListener("change", () => {
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
