// Package scenario reads the steps and prints what became of them; ../../drivers.py says how. It knows
// no SDK: the two programs that use it do the calls.
package scenario

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

// Step is one call: an operation's name, its input as the API's JSON, and whether to follow its pages.
type Step struct {
	Operation string         `json:"operation"`
	Input     map[string]any `json:"input"`
	Pages     bool           `json:"pages"`
}

// Result is what an SDK made of an answer. Error is the name of the SDK's own error type.
type Result struct {
	Ok        bool   `json:"ok"`
	Pages     []any  `json:"pages,omitempty"`
	Error     string `json:"error,omitempty"`
	Message   string `json:"message,omitempty"`
	Status    int    `json:"status,omitempty"`
	RequestID string `json:"requestId,omitempty"`
}

// Endpoint is the one that was given, or "" for what the SDK finds by itself.
func Endpoint() string {
	if len(os.Args) > 1 {
		return os.Args[1]
	}
	return ""
}

// Run prints the version of the SDK's module and a line for each step of the standard input.
func Run(module string, call func(Step) Result) {
	var steps []Step
	if err := json.NewDecoder(os.Stdin).Decode(&steps); err != nil {
		fmt.Fprintln(os.Stderr, "the steps:", err)
		os.Exit(1)
	}
	lines := json.NewEncoder(os.Stdout)
	lines.SetEscapeHTML(false)
	_ = lines.Encode(map[string]string{"version": versionOf(module)})
	for _, step := range steps {
		if err := lines.Encode(call(step)); err != nil {
			fmt.Fprintln(os.Stderr, step.Operation, err)
			os.Exit(1)
		}
	}
}

func versionOf(module string) string {
	build, _ := debug.ReadBuildInfo()
	for _, dependency := range build.Deps {
		if dependency.Path == module {
			return strings.TrimPrefix(dependency.Version, "v")
		}
	}
	return ""
}
