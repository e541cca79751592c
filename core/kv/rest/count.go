package rest

import (
	"context"
	"strconv"
	"time"
)

// Count implements [kv.Counter]. It is one transaction in one request; what it counts
// Redis keeps as decimal digits.
func (d *Driver) Count(ctx context.Context, key string, expiry time.Time, others ...string) ([]int64, error) {
	commands := [][]string{{"INCR", key}, {"PEXPIRE", key, d.life(expiry)}}
	for _, other := range others {
		commands = append(commands, []string{"GET", other})
	}
	results, err := d.transaction(ctx, commands)
	if err != nil {
		return nil, err
	}
	n, ok := results[0].integer()
	if _, set := results[1].integer(); !ok || !set {
		return nil, unexpected("INCR")
	}
	numbers := []int64{n}
	for _, result := range results[2:] {
		if result.null() {
			numbers = append(numbers, 0)
			continue
		}
		text, _ := result.text()
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, unexpected("GET")
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}
