/**
 * Replaces every {name}.
 * @param {string} text
 * @param {Record<string, string>} values
 * @returns {string}
 * @throws Error for a name without a value: a description that is wrong must not run half
 */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (placeholder, name) => {
    if (!Object.hasOwn(values, name)) throw new Error(`${placeholder} has no value here`);
    return values[name];
  });
}

/**
 * {@link fill} for every value of a record.
 * @param {Record<string, string> | undefined} texts
 * @param {Record<string, string>} values
 * @returns {Record<string, string>}
 */
export function fillAll(texts, values) {
  return Object.fromEntries(Object.entries(texts ?? {}).map(([key, text]) => [key, fill(text, values)]));
}

/**
 * Takes values out of a JSON answer.
 * @param {string} json
 * @param {Record<string, string>} paths name → dotted path, such as {"id": "data.id"}
 * @returns {Record<string, string>}
 */
export function pick(json, paths) {
  const answer = JSON.parse(json);
  return Object.fromEntries(
    Object.entries(paths).map(([name, path]) => {
      const value = path.split('.').reduce((inner, key) => inner?.[key], answer);
      if (value === undefined) throw new Error(`the answer has no ${path}: ${json.slice(0, 300)}`);
      return [name, String(value)];
    }),
  );
}
