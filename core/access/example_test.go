package access_test

import (
	"errors"
	"fmt"

	"gatehouse/core/access"
	"gatehouse/core/identity"
)

func Example() {
	rules, err := access.Parse(`
		GET      /reports/*   group=staff
		*        /reports/*   deny
		*        /admin/*     role=admin
		*        /*           any
	`)
	if err != nil {
		fmt.Println(err)
		return
	}
	who := access.Subject{Identity: &identity.Identity{Subject: "alice", Groups: []string{"staff"}}}
	for _, path := range []string{"/reports/7", "/admin/users", "/"} {
		decision := rules.Decide("GET", path, who)
		fmt.Printf("%s: line %d, %v %q\n", path, decision.Rule, decision.Allowed, decision.Reason)
	}
	// Output:
	// /reports/7: line 2, true ""
	// /admin/users: line 4, false "the requirement is not met"
	// /: line 5, true ""
}

func ExampleParse_incorrect() {
	// The first line forgets that reports can be changed too; the third is never
	// reached.
	_, err := access.Parse(`
		GET  /reports/*      group=staff
		*    /admin/*        role=admin
		*    /admin/audit/*  role=auditor
		*    /*              any
	`)
	var mistakes access.Errors
	errors.As(err, &mistakes)
	for _, e := range mistakes {
		fmt.Println(e)
		fmt.Println("  hint:", e.Hint)
	}
	// Output:
	// line 2 leaves the methods of /reports/* that it does not name open to every user, by line 5
	//   hint: say below it what holds for the others: * /reports/* deny, or * /reports/* any
	// line 4 can never decide anything, because line 3 does
	//   hint: put it above line 3, or remove it
}
