package native

import "gatehouse/core/config"

// didYouMean returns a hint that names the candidate nearest to name, or otherwise
// when none is near.
func didYouMean(name string, candidates []string, otherwise string) string {
	if best := config.Nearest(name, candidates); best != "" {
		return "did you mean " + best + "?"
	}
	return otherwise
}
