package access

// Patterns reports whether both texts are patterns.
func Patterns(first, second string) bool {
	_, e1 := parsePattern(first)
	_, e2 := parsePattern(second)
	return e1 == nil && e2 == nil
}

// Relation says how two patterns relate to each other and to a path.
func Relation(first, second, path string) (includes bool, one, other string) {
	p, _ := parsePattern(first)
	q, _ := parsePattern(second)
	names := []string{"apart", "resembling", "covered"}
	return p.includes(q), names[p.fit(path, isOdd(path))], names[q.fit(path, isOdd(path))]
}
