import { PLOT } from './axis.ts';

/**
 * What makes the page interactive: a crosshair that all charts share, by pointer or arrow keys;
 * legends that switch layers; light and dark.
 *
 * Plain JavaScript for any browser. `report` is the page's data: per setting and chart the texts to
 * read out for each stretch of time.
 */
export const PAGE_SCRIPT = `
const report = JSON.parse(document.getElementById('report').textContent);
const root = document.documentElement;
const charts = [...document.querySelectorAll('.chart')];
const plot = ${JSON.stringify(PLOT)};
let shown = -1;

function show(index) {
  const count = report.stretchCount;
  shown = Math.max(0, Math.min(count - 1, index));
  const x = plot.left + ((shown + 0.5) / count) * (plot.width - plot.left - plot.right);
  for (const chart of charts) {
    const line = chart.querySelector('.crosshair');
    line.setAttribute('x1', x);
    line.setAttribute('x2', x);
    line.setAttribute('visibility', 'visible');
    chart.nextElementSibling.textContent = report.readouts[chart.closest('figure').id][shown];
  }
}

function hide() {
  shown = -1;
  for (const chart of charts) {
    chart.querySelector('.crosshair').setAttribute('visibility', 'hidden');
    chart.nextElementSibling.textContent = '';
  }
}

for (const chart of charts) {
  chart.addEventListener('pointermove', (event) => {
    const box = chart.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * plot.width;
    const share = (x - plot.left) / (plot.width - plot.left - plot.right);
    show(Math.floor(share * report.stretchCount));
  });
  chart.addEventListener('pointerleave', hide);
  chart.addEventListener('blur', hide);
  chart.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      show(shown + step);
    }
  });
}

for (const button of document.querySelectorAll('[data-layer]')) {
  button.addEventListener('click', () => {
    const isHidden = root.classList.toggle('hide-' + button.dataset.layer);
    button.setAttribute('aria-pressed', String(!isHidden));
  });
}

const theme = document.getElementById('theme');
function setTheme(name) {
  root.dataset.theme = name;
  theme.textContent = name === 'dark' ? 'light' : 'dark';
}
theme.addEventListener('click', () => setTheme(root.dataset.theme === 'dark' ? 'light' : 'dark'));
const wish = matchMedia('(prefers-color-scheme: dark)');
wish.addEventListener('change', () => setTheme(wish.matches ? 'dark' : 'light'));
setTheme(wish.matches ? 'dark' : 'light');
`;
