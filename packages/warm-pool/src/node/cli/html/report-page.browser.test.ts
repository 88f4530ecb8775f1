import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { browserOnThisMachine } from '@vpc-cni/testing';
import { type Browser, chromium, type Page } from 'playwright-core';
import { compare } from '../../../simulator/simulate.ts';
import { burst } from '../../../simulator/trace-generators.ts';
import { reportPage } from './report-page.ts';

const HOUR_MS = 3_600_000;
const title = 'a test of <b>markup</b> & "quotes"';

/** Nobody listens there: the test answers itself. */
const url = 'http://report.test/';

let browser: Browser;
let html: string;

beforeAll(async () => {
  const limits = { maxEnis: 4, addressesPerEni: 15 };
  const targets = { warmEniTarget: 1, warmIpTarget: 0, minimumIpTarget: 0 };
  const results = compare(
    burst({ durationMs: HOUR_MS, podCount: 30, atMs: HOUR_MS / 2, lifetimeMs: HOUR_MS / 4 }),
    (['upstream', 'default'] as const).map((strategy) => ({
      name: strategy,
      config: { strategy, limits, targets },
    })),
  );
  html = reportPage({ title, results });
  browser = await chromium.launch(browserOnThisMachine());
}, 60_000);

afterAll(async () => {
  await browser?.close();
});

async function withPage(
  options: NonNullable<Parameters<Browser['newPage']>[0]>,
  look: (page: Page) => Promise<void>,
): Promise<void> {
  const page = await browser.newPage(options);
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('request', (request) => requests.push(request.url()));
  try {
    await page.route(url, (route) => route.fulfill({ contentType: 'text/html', body: html }));
    await page.goto(url);
    await look(page);
    expect(complaints).toEqual([]);
    // One file, and nothing else: it works without a network.
    expect(requests.filter((one) => !one.startsWith('data:'))).toEqual([url]);
  } finally {
    await page.close();
  }
}

test('shows a chart of each kind for each setting, and names as they are', () =>
  withPage({}, async (page) => {
    expect(await page.title()).toBe(title);
    expect(await page.locator('h1').textContent()).toBe(title);
    expect(await page.locator('figure svg.chart').count()).toBe(6);
    const served = page.locator('tr', { hasText: 'pods served' }).locator('td');
    expect(await served.allTextContents()).toEqual(['pods served', '30', '30']);
    const box = await page.locator('#addresses-0 .layer.used').boundingBox();
    expect(box?.height).toBeGreaterThan(20);
  }));

test('the pointer reads out the same instant in every chart', () =>
  withPage({}, async (page) => {
    const chart = page.locator('#addresses-1 svg');
    await chart.scrollIntoViewIfNeeded();
    const box = await chart.boundingBox();
    if (box === null) throw new Error('the chart is not laid out');
    // A quarter of an hour after the pods came.
    await page.mouse.move(box.x + box.width * 0.65, box.y + box.height / 2);
    const readouts = await page.locator('.readout').allTextContents();
    const [instant = ''] = /^at [0-9:]+/.exec(readouts[0] ?? '') ?? [];
    expect(instant).toMatch(/^at 0:3\d/);
    expect(readouts.every((text) => text.startsWith(instant))).toBe(true);
    expect(readouts[1]).toContain('used 30');
    expect(await page.locator('.crosshair[visibility="visible"]').count()).toBe(6);
    await page.mouse.move(0, 0);
    expect(await page.locator('.crosshair[visibility="visible"]').count()).toBe(0);
  }));

test('arrow keys move the crosshair', () =>
  withPage({}, async (page) => {
    await page.locator('#calls-0 svg').focus();
    await page.keyboard.press('ArrowRight');
    const first = await page.locator('#calls-0 .readout').textContent();
    await page.keyboard.press('PageDown');
    const later = await page.locator('#calls-0 .readout').textContent();
    expect(first).toMatch(/^at 0:00:/);
    expect(later).toMatch(/^at 0:05/);
  }));

test('a legend entry takes its layer out and brings it back', () =>
  withPage({}, async (page) => {
    const layer = page.locator('#addresses-0 .layer.idle');
    const button = page.getByRole('button', { name: 'idle' });
    expect(await layer.isVisible()).toBe(true);
    await button.click();
    expect(await layer.isVisible()).toBe(false);
    expect(await button.getAttribute('aria-pressed')).toBe('false');
    await button.click();
    expect(await layer.isVisible()).toBe(true);
  }));

/** Relative luminance of a CSS colour `rgb(r, g, b)`, as contrast is computed from it. */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).map((text) => {
    const value = Number(text) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

test.each(['light', 'dark'] as const)('is readable in %s, as the reader’s system wishes', (wish) =>
  withPage({ colorScheme: wish }, async (page) => {
    const style = (selector: string, property: string): Promise<string> =>
      page.evaluate(`getComputedStyle(document.querySelector('${selector}'))['${property}']`);
    const paper = await style('body', 'background-color');
    const card = await style('.card', 'background-color');
    expect(luminance(paper) > 0.5).toBe(wish === 'light');
    // WCAG AA: 4.5 for text, 3 for graphics.
    expect(contrast(paper, await style('body', 'color'))).toBeGreaterThan(4.5);
    expect(contrast(paper, await style('p', 'color'))).toBeGreaterThan(4.5);
    expect(contrast(card, await style('.chart .scale', 'fill'))).toBeGreaterThan(4.5);
    for (const layer of ['used', 'cooling', 'wait', 'calls', 'throttled']) {
      expect(contrast(card, await style(`.layer.${layer}`, 'fill'))).toBeGreaterThan(3);
    }
    await page.locator('#theme').click();
    expect(luminance(await style('body', 'background-color')) > 0.5).toBe(wish === 'dark');
  }),
);

test.each([420, 1280])('fits a window %i px wide', (width) =>
  withPage({ viewport: { width, height: 800 } }, async (page) => {
    const wider = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(wider).toBe(0);
  }),
);
