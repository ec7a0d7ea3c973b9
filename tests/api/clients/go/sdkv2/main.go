// Runs steps through the AWS SDK for Go v2.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/appmesh"
	"github.com/aws/smithy-go"
	smithymiddleware "github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"chancery/clients/scenario"
)

// What makes an operation's paginator.
var paginators = map[string]any{
	"ListGatewayRoutes":   appmesh.NewListGatewayRoutesPaginator,
	"ListMeshes":          appmesh.NewListMeshesPaginator,
	"ListRoutes":          appmesh.NewListRoutesPaginator,
	"ListTagsForResource": appmesh.NewListTagsForResourcePaginator,
	"ListVirtualGateways": appmesh.NewListVirtualGatewaysPaginator,
	"ListVirtualNodes":    appmesh.NewListVirtualNodesPaginator,
	"ListVirtualRouters":  appmesh.NewListVirtualRoutersPaginator,
	"ListVirtualServices": appmesh.NewListVirtualServicesPaginator,
}

func call(client *appmesh.Client, step scenario.Step) scenario.Result {
	method := reflect.ValueOf(client).MethodByName(step.Operation)
	input := reflect.New(method.Type().In(1).Elem())
	if err := fromJSON(step.Input, input.Elem()); err != nil {
		return scenario.Result{Error: "input", Message: err.Error()}
	}
	if !step.Pages {
		result := scenario.Result{Ok: true}
		add(&result, method.Call([]reflect.Value{reflect.ValueOf(context.Background()), input}))
		return result
	}
	paginate := reflect.ValueOf(paginators[step.Operation])
	return follow(paginate.Call([]reflect.Value{reflect.ValueOf(client), input})[0])
}

func follow(paginator reflect.Value) scenario.Result {
	result := scenario.Result{Ok: true}
	hasMore, next := paginator.MethodByName("HasMorePages"), paginator.MethodByName("NextPage")
	for result.Ok && hasMore.Call(nil)[0].Bool() {
		add(&result, next.Call([]reflect.Value{reflect.ValueOf(context.Background())}))
	}
	return result
}

// add takes what a call returned, (*Output, error), into the result.
func add(result *scenario.Result, returned []reflect.Value) {
	if err, failed := returned[1].Interface().(error); failed {
		*result = failure(err)
		return
	}
	output := returned[0].Elem()
	metadata := output.FieldByName("ResultMetadata").Interface().(smithymiddleware.Metadata)
	result.RequestID, _ = middleware.GetRequestIDMetadata(metadata)
	if raw, isHTTP := middleware.GetRawResponse(metadata).(*smithyhttp.Response); isHTTP {
		result.Status = raw.StatusCode
	}
	result.Pages = append(result.Pages, scenario.ToJSON(output))
}

func failure(err error) scenario.Result {
	result := scenario.Result{Error: fmt.Sprintf("%T", err), Message: err.Error()}
	var modelled smithy.APIError
	if errors.As(err, &modelled) {
		result.Error = reflect.Indirect(reflect.ValueOf(modelled)).Type().Name()
		result.Message = modelled.ErrorMessage()
	}
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		result.Status, result.RequestID = response.HTTPStatusCode(), response.ServiceRequestID()
	}
	return result
}

func main() {
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	client := appmesh.NewFromConfig(settings, func(options *appmesh.Options) {
		// One attempt: an error is to be seen, not retried.
		options.Retryer = aws.NopRetryer{}
		if endpoint := scenario.Endpoint(); endpoint != "" {
			options.BaseEndpoint = &endpoint
		}
	})
	scenario.Run("github.com/aws/aws-sdk-go-v2/service/appmesh", func(step scenario.Step) scenario.Result {
		return call(client, step)
	})
}
