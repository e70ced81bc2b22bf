/**
 * Owns the documents that the benches of json/ read: made here, and those of `AVX_VECTORS` where they may be read. Must
 * not know what is measured.
 *
 * @module
 */

/** A document and what it is called. */
export interface JsonDocument {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const encoder = new TextEncoder();

/** What an API answers: some 300 bytes. */
export const SMALL = {
  id: 184467,
  login: "octo-cat",
  name: "Octavia Catherine",
  email: "octo@example.com",
  admin: false,
  created: "2024-05-01T12:00:00Z",
  score: 12.75,
  tags: ["a", "beta", "gamma"],
  address: { street: "1 Main St", city: "Lyon", zip: "69001", geo: { lat: 45.76, lng: 4.83 } },
  links: null,
  count: 42,
  active: true,
};

function make(name: string, value: unknown, space = 0): JsonDocument {
  return { name, bytes: encoder.encode(JSON.stringify(value, null, space)) };
}

/** Builds of a continuous integration server: names and addresses, little else. */
const BUILDS = Array.from({ length: 900 }, (_, index) => ({
  name: `Project-${index}-trunk-JDK-${index % 8}`,
  url: `https://builds.example.org/job/Project-${index}-trunk-JDK-${index % 8}/`,
  color: index % 3 === 0 ? "red" : "blue",
}));

/** Performances of a theatre: indented, mostly numbers under numbers. */
const CATALOG = {
  performances: Array.from({ length: 240 }, (_, index) => ({
    eventId: 138586341 + index,
    id: 339887544 + index,
    logo: null,
    prices: [{ amount: 90250, audienceSubCategoryId: 337100890, seatCategoryId: 338937295 }],
    seatCategories: Array.from({ length: 6 }, (_, seat) => ({
      areas: [{ areaId: 205705999 + seat, blockIds: [] }, { areaId: 205705998, blockIds: [] }],
      seatCategoryId: 338937295 + seat,
    })),
    start: 1372701600000 + index * 86400000,
  })),
};

/** Coordinates. */
const NUMBERS = Array.from({ length: 10_000 }, (_, index) => Math.sin(index) * 10 ** (index % 7 - 3));

/** Persons with names beyond ASCII. */
const PERSONS = Array.from({ length: 1000 }, (_, index) => ({
  id: index,
  name: ["Ольга Петрова", "Jürgen Groß", "山田 太郎", "Ada Lovelace"][index % 4],
  age: 20 + index % 60,
  admin: index % 9 === 0,
  about: "Любит читать и гулять. ".repeat(1 + index % 3),
}));

/** A list of which an item is like {@linkcode SMALL}. */
export const ITEMS: JsonDocument = make("items", {
  total: 2000,
  items: Array.from({ length: 2000 }, (_, id) => ({ ...SMALL, id })),
});

/** The documents of `json-bench` where they may be read. */
function given(): JsonDocument[] {
  if (Deno.permissions.querySync({ name: "env", variable: "AVX_VECTORS" }).state !== "granted") return [];
  const folder = Deno.env.get("AVX_VECTORS");
  if (!folder || Deno.permissions.querySync({ name: "read", path: folder }).state !== "granted") return [];
  return ["apache_builds", "citm_catalog", "numbers", "random"].map((name) => ({
    name: `${name}.json`,
    bytes: Deno.readFileSync(`${folder}/json-bench/${name}.json`),
  }));
}

/** The small document first. */
export const DOCUMENTS: readonly JsonDocument[] = [
  make("small API document", SMALL),
  make("builds", BUILDS),
  make("catalog", CATALOG, 2),
  make("numbers", NUMBERS),
  make("persons", PERSONS),
  ...given(),
];
