package wasihost

import "net/http"

// outgoingResponse is a resource of wasi:http/types.
type outgoingResponse struct {
	status int
	fields *fields
	body   *outgoingBody // nil until it is asked for
}

// drop breaks off the body of an answer that is not sent.
func (r *outgoingResponse) drop() {
	if r.body != nil {
		r.body.drop()
	}
}

// responseOutparam is a resource of wasi:http/types: where the answer goes.
type responseOutparam struct{ *exchange }

// statusOfError is what a client gets when the module answers with an error-code.
const statusOfError = http.StatusInternalServerError

var _ = implement("wasi:http/types", map[string]func(in *instance, args []any) any{
	"[constructor]outgoing-response": func(_ *instance, args []any) any {
		return &outgoingResponse{status: http.StatusOK, fields: args[0].(*fields)}
	},
	"[method]outgoing-response.status-code": func(_ *instance, args []any) any {
		return uint64(args[0].(*outgoingResponse).status)
	},
	"[method]outgoing-response.set-status-code": func(_ *instance, args []any) any {
		n := args[1].(uint64)
		if n < 100 || n > 999 {
			return failed(nil)
		}
		args[0].(*outgoingResponse).status = int(n)
		return ok(nil)
	},
	"[method]outgoing-response.headers": func(_ *instance, args []any) any {
		r := args[0].(*outgoingResponse)
		return childOf{r, r.fields.view()}
	},
	"[method]outgoing-response.body": func(in *instance, args []any) any {
		r := args[0].(*outgoingResponse)
		if r.body != nil {
			return failed(nil)
		}
		r.body = in.newOutgoingBody(r.fields, responseBodySize)
		return ok(r.body)
	},
	"[static]response-outparam.set": func(_ *instance, args []any) any {
		x, result := args[0].(*responseOutparam).exchange, args[1].(choice)
		if result.number != 0 {
			x.send(response{status: statusOfError, header: http.Header{}})
			return nil
		}
		r := result.value.(*outgoingResponse)
		if r.status < 200 {
			trapf("an answer with the interim status %d", r.status)
		}
		res := response{status: r.status, header: r.fields.header()}
		if r.body != nil {
			res.body = r.body.pipe
		}
		x.send(res)
		return nil
	},
})
