package remote

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
)

// Event is one event of the live journal.
type Event struct {
	ID   string // pass it to Stream to resume after this event
	Type string // request, or missed
	Data string // JSON
}

// Stream returns the events of the live journal after lastEventID, or new ones if
// that is empty. It ends with an error, which is io.ErrUnexpectedEOF when the server
// has stopped or the organization was removed.
func (p *Plane) Stream(ctx context.Context, lastEventID string) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		events, err := p.Open(ctx, lastEventID)
		if err != nil {
			yield(Event{}, err)
			return
		}
		events(yield)
	}
}

// Open is Stream for callers that must not miss an event: when it returns, the
// server has started to send. The events must be read, and only once.
func (p *Plane) Open(ctx context.Context, lastEventID string) (iter.Seq2[Event, error], error) {
	header := http.Header{"Accept": {"text/event-stream"}}
	if lastEventID != "" {
		header.Set("Last-Event-ID", lastEventID)
	}
	res, err := p.send(ctx, http.MethodGet, "/requests/stream", nil, header)
	if err != nil {
		return nil, err
	}
	return func(yield func(Event, error) bool) {
		defer res.Body.Close()
		for events := bufio.NewReader(res.Body); ; {
			e, err := next(events)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}, nil
}

// maxLine is more bytes than a line of the stream has.
const maxLine = 16 << 20

// readLine reads a line with its end.
func readLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if line = append(line, part...); err != bufio.ErrBufferFull {
			return string(line), err
		}
		if len(line) > maxLine {
			return "", fmt.Errorf("an event has more than %d bytes", maxLine)
		}
	}
}

// next reads one event. It skips comments, which keep the connection alive.
func next(r *bufio.Reader) (e Event, err error) {
	for {
		line, err := readLine(r)
		if err == io.EOF {
			return e, io.ErrUnexpectedEOF
		}
		if err != nil {
			return e, Cause(err)
		}
		line = strings.TrimSuffix(line, "\n")
		if line == "" && e.Data != "" {
			return e, nil
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "id":
			e.ID = value
		case "event":
			e.Type = value
		case "data":
			e.Data = value
		}
	}
}
