package access

import (
	"slices"

	"gatehouse/core/stepup"
)

// demand returns refused, with what a login of the same user must be for Decide to allow
// the request, if there is such a login. Every line that is asked counts, also those whose
// requirement holds now: it has to hold after the login too.
func (r *Rules) demand(method, path string, odd bool, who *Subject, refused Decision) Decision {
	var all stepup.Demand
	for i := range r.lines {
		l := &r.lines[i]
		if l.preflight {
			continue
		}
		how := min(l.methods.fit(method), l.pattern.fit(path, odd))
		if how == apart {
			continue
		}
		d, ok := l.require.demand(who)
		if ok {
			all, ok = all.And(d)
		}
		if !ok {
			return refused
		}
		if how == covered {
			break
		}
	}
	refused.Reason, refused.Demand = reasonLogin, all
	return refused
}

// demand is what a login must be for r to hold for who. ok is false if no login is enough.
// Of alternatives for logins of different ages the first one counts.
func (r requirement) demand(who *Subject) (d stepup.Demand, ok bool) {
	for _, all := range r {
		this, met := demandOf(all, who)
		switch {
		case !met:
		case this.Empty():
			return stepup.Demand{}, true
		case !ok:
			d, ok = this, true
		case len(d.ACR) > 0 && len(this.ACR) > 0 && d.MaxAge == this.MaxAge && !slices.Contains(d.ACR, this.ACR[0]):
			d.ACR = append(d.ACR, this.ACR[0])
		}
	}
	return d, ok
}

// demandOf is what one alternative demands of a login. met is false when another of its
// terms does not hold.
func demandOf(all []term, who *Subject) (d stepup.Demand, met bool) {
	for i := range all {
		switch t := &all[i]; t.kind {
		case kindACR:
			d.ACR = []string{t.value}
		case kindMaxAge:
			d.MaxAge = t.age
		default:
			if !t.holds(who) {
				return stepup.Demand{}, false
			}
		}
	}
	return d, true
}
