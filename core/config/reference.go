package config

import "strings"

// Reference is the section of the documentation that describes fields: one table
// per section, in the order of their first fields, in Markdown.
func Reference(fields []Field) string {
	var sections []string
	rows := map[string][]Field{}
	for _, f := range fields {
		if rows[f.Section] == nil {
			sections = append(sections, f.Section)
		}
		rows[f.Section] = append(rows[f.Section], f)
	}
	var b strings.Builder
	for _, section := range sections {
		b.WriteString("## " + section + "\n\n| name | default | meaning |\n|---|---|---|\n")
		for _, f := range rows[section] {
			name := "`" + f.Name + "`"
			if f.Secret {
				name += " (secret)"
			}
			value := ""
			switch {
			case f.Required && f.Gateway:
				value = "required for logins"
			case f.Required:
				value = "required"
			case f.Default != "":
				value = "`" + f.Default + "`"
			}
			b.WriteString("| " + name + " | " + value + " | " + strings.ReplaceAll(f.Doc, "|", `\|`) + " |\n")
		}
		b.WriteString("\n")
	}
	return b.String()
}
