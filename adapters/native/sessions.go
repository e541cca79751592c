package native

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"
)

func runSessions(c *call, args []string) error {
	var configFile, socket, subject string
	var asJSON bool
	rest, err := flags{"config": &configFile, "socket": &socket, "json": &asJSON, "subject": &subject}.parse(args)
	if errors.Is(err, errHelp) {
		return runHelp(c, nil)
	}
	if err != nil {
		return err
	}
	if configFile != "" && socket != "" {
		return usagef("", "options --config and --socket exclude each other")
	}
	if len(rest) == 0 {
		return usagef("gatehouse sessions list", "sessions needs list or revoke")
	}
	verb, ids := rest[0], rest[1:]
	switch {
	case verb != "list" && verb != "revoke":
		return usagef(didYouMean(verb, []string{"list", "revoke"}, "it is list or revoke"), "unknown command %q of sessions", verb)
	case verb == "list" && len(ids) > 0:
		return usagef("", "unexpected argument %q", ids[0])
	case verb == "list" && subject != "":
		return usagef("", "option --subject is for sessions revoke")
	case verb == "revoke" && subject != "" && len(ids) > 0:
		return usagef("", "option --subject and ids exclude each other")
	case verb == "revoke" && subject == "" && len(ids) == 0:
		return usagef("gatehouse sessions list prints them", "sessions revoke needs at least one id")
	case verb == "revoke" && asJSON:
		return usagef("", "option --json is for sessions list")
	}
	admin, err := c.admin(socket, configFile)
	if err != nil {
		return err
	}
	if subject != "" {
		return admin.revokeSubject(c, subject)
	}
	if verb == "revoke" {
		return admin.revoke(c, ids)
	}
	return admin.list(c, asJSON)
}

// admin speaks to the gateway on socket, or unless that is set, to the one that the
// configuration describes.
func (c *call) admin(socket, configFile string) (*adminClient, error) {
	if socket == "" {
		var err error
		if socket, err = c.socketOf(configFile); err != nil {
			return nil, err
		}
	}
	return newAdminClient(socket), nil
}

// socketOf finds the running gateway's socket. The gateway's own settings need not be
// at hand for it.
func (c *call) socketOf(configFile string) (string, error) {
	s := openSource(configFile, c.environ)
	if s.unread {
		return "", s.errs
	}
	server, errs := s.loadServer()
	if len(errs) > 0 {
		return "", errs
	}
	if server.AdminSocket == "" {
		return "", withHint(errors.New("this configuration has no admin socket"), "set ADMIN_SOCKET to a path and restart the gateway")
	}
	return server.AdminSocket, nil
}

// adminClient speaks to a running gateway.
type adminClient struct {
	socket string
	client *http.Client
}

func newAdminClient(socket string) *adminClient {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &adminClient{socket, &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{DialContext: dial},
	}}
}

const maxAdminAnswer = 16 << 20

// call sends one request; the answer's body is JSON or empty.
func (a *adminClient) call(method, target string) ([]byte, error) {
	req, err := http.NewRequest(method, "http://gatehouse"+target, nil)
	if err != nil {
		return nil, err
	}
	res, err := a.client.Do(req)
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return nil, withHint(fmt.Errorf("no gateway answers on %s: %w", a.socket, op.Err),
			"is gatehouse serve running, as this user, with this ADMIN_SOCKET?")
	}
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", a.socket, errors.Unwrap(err))
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAdminAnswer))
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", a.socket, err)
	}
	if res.StatusCode >= 300 {
		var problem adminError
		if json.Unmarshal(body, &problem) != nil || problem.Error == "" {
			problem.Error = "unexpected answer " + res.Status
		}
		return nil, errors.New(problem.Error)
	}
	return body, nil
}

// list prints every session, or nothing when one page fails.
func (a *adminClient) list(c *call, asJSON bool) error {
	all, seen := []SessionInfo{}, map[string]bool{}
	for cursor := ""; ; {
		body, err := a.call(http.MethodGet, "/sessions?limit=1000&cursor="+url.QueryEscape(cursor))
		if err != nil {
			return err
		}
		var page sessionPage
		if err := json.Unmarshal(body, &page); err != nil {
			return fmt.Errorf("ask %s: %w", a.socket, err)
		}
		for _, s := range page.Sessions {
			if !seen[s.ID] {
				seen[s.ID] = true
				all = append(all, s)
			}
		}
		if page.Next == "" || page.Next == cursor {
			break
		}
		cursor = page.Next
	}
	var out bytes.Buffer
	if asJSON {
		encoder := json.NewEncoder(&out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(all); err != nil {
			return err
		}
	} else {
		table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tSUBJECT\tUSER\tEMAIL\tCREATED\tEXPIRES")
		for _, s := range all {
			fmt.Fprintln(table, strings.Join([]string{cell(s.ID), cell(s.Subject), cell(s.PreferredUsername), cell(s.Email),
				s.Created.UTC().Format(time.RFC3339), s.Expires.UTC().Format(time.RFC3339)}, "\t"))
		}
		table.Flush()
	}
	_, err := c.stdout.Write(out.Bytes())
	return err
}

func cell(text string) string {
	if text == "" {
		return "-"
	}
	return printable(text)
}

// revoke ends the sessions in turn and stops at the first failure.
func (a *adminClient) revoke(c *call, ids []string) error {
	for i, id := range ids {
		if _, err := a.call(http.MethodDelete, "/sessions/"+url.PathEscape(id)); err != nil {
			return fmt.Errorf("revoke %s (%d of %d done): %w", id, i, len(ids), err)
		}
	}
	_, err := fmt.Fprintf(c.stdout, "revoked %d\n", len(ids))
	return err
}

// revokeSubject ends whatever sessions subject has; how many those are nobody counts.
func (a *adminClient) revokeSubject(c *call, subject string) error {
	if _, err := a.call(http.MethodDelete, "/sessions?subject="+url.QueryEscape(subject)); err != nil {
		return fmt.Errorf("revoke the sessions of %s: %w", printable(subject), err)
	}
	_, err := fmt.Fprintln(c.stdout, "revoked all sessions of the subject")
	return err
}
