// Headers as lists of texts, in which they cross to and from Go.

// flat is a header as names and values in turns. Values of Set-Cookie stay apart; the
// runtime has joined others of one name.
export function flat(headers) {
  const list = [];
  for (const [name, value] of headers) {
    if (name !== "set-cookie") {
      list.push(name, value);
    }
  }
  for (const value of headers.getSetCookie()) {
    list.push("set-cookie", value);
  }
  return list;
}

// headersOf is the inverse of flat.
export function headersOf(list) {
  const headers = new Headers();
  for (let i = 0; i + 1 < list.length; i += 2) {
    headers.append(list[i], list[i + 1]);
  }
  return headers;
}
