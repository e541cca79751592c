package strictjson

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestObjects(t *testing.T) {
	for _, c := range []struct {
		name, text string
		ok         bool
	}{
		{"empty", `{}`, true},
		{"white space around", " \t\r\n{\"a\":1} \n", true},
		{"names that differ in case", `{"iss":1,"ISS":2}`, true},
		{"member named twice", `{"a":1,"a":1}`, false},
		{"member named twice, once escaped", `{"a":1,"\u0061":1}`, false},
		{"array", `[]`, false},
		{"null", `null`, false},
		{"nothing", ``, false},
		{"text after the object", `{}x`, false},
		{"two objects", `{}{}`, false},
		{"trailing comma", `{"a":1,}`, false},
		{"cut off", `{"a":1`, false},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", false},
		{"nested as deep as may be", strings.Repeat(`{"a":`, MaxDepth) + "1" + strings.Repeat("}", MaxDepth), true},
		{"nested deeper", strings.Repeat(`{"a":`, MaxDepth+1) + "1" + strings.Repeat("}", MaxDepth+1), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := Parse([]byte(c.text))
			if (err == nil) != c.ok || (o != nil) != c.ok {
				t.Errorf("object %v, error %v", o, err)
			}
		})
	}
}

func TestMembersOfOtherTypesAreNotThere(t *testing.T) {
	o, err := Parse([]byte(`{"text":"a","number":1e400,"yes":true,"nothing":null,"list":["a",1],"texts":["a","b"],"early":-5,"late":1e300,"date":1419356238.5}`))
	if err != nil {
		t.Fatal(err)
	}
	for name := range o {
		if _, ok := o.Text(name); ok != (name == "text") {
			t.Errorf("%s is text: %v", name, ok)
		}
		if _, ok := o.Flag(name); ok != (name == "yes") {
			t.Errorf("%s is a flag: %v", name, ok)
		}
		if _, ok := o.List(name); ok != (name == "list" || name == "texts") {
			t.Errorf("%s is a list: %v", name, ok)
		}
		if _, ok := o.Texts(name); ok != (name == "texts") {
			t.Errorf("%s is a list of texts: %v", name, ok)
		}
		if o.Has(name) != (name != "nothing") {
			t.Errorf("%s is there: %v", name, o.Has(name))
		}
	}
	if n, ok := o.Number("number"); !ok || !math.IsInf(n, 1) {
		t.Errorf("number is %v, %v", n, ok)
	}
	for name, want := range map[string]time.Time{
		"number": time.Unix(lastSecond, 0), "late": time.Unix(lastSecond, 0), "early": time.Unix(0, 0), "date": time.Unix(1419356238, 5e8),
	} {
		if got, ok := o.Instant(name); !ok || !got.Equal(want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}
