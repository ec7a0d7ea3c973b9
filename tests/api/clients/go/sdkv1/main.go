// Runs steps through the AWS SDK for Go v1, the one in the App Mesh controller for Kubernetes.
package main

import (
	"encoding/json"
	"errors"
	"reflect"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/awserr"
	"github.com/aws/aws-sdk-go/aws/request"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/appmesh"

	"chancery/clients/scenario"
)

// newRequest is client.<operation>Request(input).
func newRequest(client *appmesh.AppMesh, step scenario.Step) (*request.Request, error) {
	method := reflect.ValueOf(client).MethodByName(step.Operation + "Request")
	input := reflect.New(method.Type().In(0).Elem())
	text, err := json.Marshal(step.Input)
	if err != nil {
		return nil, err
	}
	// encoding/json does not mind the case of names, in which alone the API's differ from the SDK's.
	if err := json.Unmarshal(text, input.Interface()); err != nil {
		return nil, err
	}
	return method.Call([]reflect.Value{input})[0].Interface().(*request.Request), nil
}

func call(client *appmesh.AppMesh, step scenario.Step) scenario.Result {
	var last *request.Request
	pages := request.Pagination{
		NewRequest: func() (*request.Request, error) {
			next, err := newRequest(client, step)
			last = next
			return next, err
		},
	}
	result := scenario.Result{Ok: true}
	for pages.Next() {
		// Pagination calls NewRequest again for a next page and moves the token itself.
		result.Pages = append(result.Pages, scenario.ToJSON(reflect.ValueOf(pages.Page())))
		if !step.Pages {
			break
		}
	}
	if err := pages.Err(); err != nil {
		result = failure(err)
	}
	if last != nil && last.HTTPResponse != nil {
		result.Status, result.RequestID = last.HTTPResponse.StatusCode, last.RequestID
	}
	return result
}

func failure(err error) scenario.Result {
	result := scenario.Result{Error: reflect.Indirect(reflect.ValueOf(err)).Type().Name(), Message: err.Error()}
	var answered awserr.Error
	if errors.As(err, &answered) {
		result.Message = answered.Message()
	}
	return result
}

func main() {
	// One attempt: an error is to be seen, not retried.
	config := aws.NewConfig().WithMaxRetries(0)
	if endpoint := scenario.Endpoint(); endpoint != "" {
		config = config.WithEndpoint(endpoint)
	}
	client := appmesh.New(session.Must(session.NewSession(config)))
	scenario.Run("github.com/aws/aws-sdk-go", func(step scenario.Step) scenario.Result { return call(client, step) })
}
