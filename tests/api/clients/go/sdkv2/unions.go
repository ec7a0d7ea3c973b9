package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/appmesh/types"
)

// The members of all unions. The SDK has an interface for each union and a type for each member, and
// reflection finds no types that nobody names.
var unionMembers = []reflect.Type{
	reflect.TypeFor[types.AccessLogMemberFile](),
	reflect.TypeFor[types.BackendMemberVirtualService](),
	reflect.TypeFor[types.ClientTlsCertificateMemberFile](),
	reflect.TypeFor[types.ClientTlsCertificateMemberSds](),
	reflect.TypeFor[types.GrpcMetadataMatchMethodMemberExact](),
	reflect.TypeFor[types.GrpcMetadataMatchMethodMemberPrefix](),
	reflect.TypeFor[types.GrpcMetadataMatchMethodMemberRange](),
	reflect.TypeFor[types.GrpcMetadataMatchMethodMemberRegex](),
	reflect.TypeFor[types.GrpcMetadataMatchMethodMemberSuffix](),
	reflect.TypeFor[types.GrpcRouteMetadataMatchMethodMemberExact](),
	reflect.TypeFor[types.GrpcRouteMetadataMatchMethodMemberPrefix](),
	reflect.TypeFor[types.GrpcRouteMetadataMatchMethodMemberRange](),
	reflect.TypeFor[types.GrpcRouteMetadataMatchMethodMemberRegex](),
	reflect.TypeFor[types.GrpcRouteMetadataMatchMethodMemberSuffix](),
	reflect.TypeFor[types.HeaderMatchMethodMemberExact](),
	reflect.TypeFor[types.HeaderMatchMethodMemberPrefix](),
	reflect.TypeFor[types.HeaderMatchMethodMemberRange](),
	reflect.TypeFor[types.HeaderMatchMethodMemberRegex](),
	reflect.TypeFor[types.HeaderMatchMethodMemberSuffix](),
	reflect.TypeFor[types.ListenerTimeoutMemberGrpc](),
	reflect.TypeFor[types.ListenerTimeoutMemberHttp](),
	reflect.TypeFor[types.ListenerTimeoutMemberHttp2](),
	reflect.TypeFor[types.ListenerTimeoutMemberTcp](),
	reflect.TypeFor[types.ListenerTlsCertificateMemberAcm](),
	reflect.TypeFor[types.ListenerTlsCertificateMemberFile](),
	reflect.TypeFor[types.ListenerTlsCertificateMemberSds](),
	reflect.TypeFor[types.ListenerTlsValidationContextTrustMemberFile](),
	reflect.TypeFor[types.ListenerTlsValidationContextTrustMemberSds](),
	reflect.TypeFor[types.LoggingFormatMemberJson](),
	reflect.TypeFor[types.LoggingFormatMemberText](),
	reflect.TypeFor[types.ServiceDiscoveryMemberAwsCloudMap](),
	reflect.TypeFor[types.ServiceDiscoveryMemberDns](),
	reflect.TypeFor[types.TlsValidationContextTrustMemberAcm](),
	reflect.TypeFor[types.TlsValidationContextTrustMemberFile](),
	reflect.TypeFor[types.TlsValidationContextTrustMemberSds](),
	reflect.TypeFor[types.VirtualGatewayAccessLogMemberFile](),
	reflect.TypeFor[types.VirtualGatewayClientTlsCertificateMemberFile](),
	reflect.TypeFor[types.VirtualGatewayClientTlsCertificateMemberSds](),
	reflect.TypeFor[types.VirtualGatewayConnectionPoolMemberGrpc](),
	reflect.TypeFor[types.VirtualGatewayConnectionPoolMemberHttp](),
	reflect.TypeFor[types.VirtualGatewayConnectionPoolMemberHttp2](),
	reflect.TypeFor[types.VirtualGatewayListenerTlsCertificateMemberAcm](),
	reflect.TypeFor[types.VirtualGatewayListenerTlsCertificateMemberFile](),
	reflect.TypeFor[types.VirtualGatewayListenerTlsCertificateMemberSds](),
	reflect.TypeFor[types.VirtualGatewayListenerTlsValidationContextTrustMemberFile](),
	reflect.TypeFor[types.VirtualGatewayListenerTlsValidationContextTrustMemberSds](),
	reflect.TypeFor[types.VirtualGatewayTlsValidationContextTrustMemberAcm](),
	reflect.TypeFor[types.VirtualGatewayTlsValidationContextTrustMemberFile](),
	reflect.TypeFor[types.VirtualGatewayTlsValidationContextTrustMemberSds](),
	reflect.TypeFor[types.VirtualNodeConnectionPoolMemberGrpc](),
	reflect.TypeFor[types.VirtualNodeConnectionPoolMemberHttp](),
	reflect.TypeFor[types.VirtualNodeConnectionPoolMemberHttp2](),
	reflect.TypeFor[types.VirtualNodeConnectionPoolMemberTcp](),
	reflect.TypeFor[types.VirtualServiceProviderMemberVirtualNode](),
	reflect.TypeFor[types.VirtualServiceProviderMemberVirtualRouter](),
}

// fromJSON fills `into` with a value of the API's JSON. A member that the SDK does not have is an error:
// it would not be sent.
func fromJSON(value any, into reflect.Value) error {
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		return fromJSON(value, into.Elem())
	case reflect.Interface:
		return unionFromJSON(value.(map[string]any), into)
	case reflect.Struct:
		return structFromJSON(value.(map[string]any), into)
	case reflect.Slice:
		items := value.([]any)
		into.Set(reflect.MakeSlice(into.Type(), len(items), len(items)))
		for i, item := range items {
			if err := fromJSON(item, into.Index(i)); err != nil {
				return err
			}
		}
		return nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into.Addr().Interface())
}

func structFromJSON(members map[string]any, into reflect.Value) error {
	for name, member := range members {
		field := into.FieldByName(upperFirst(name))
		if !field.IsValid() {
			return fmt.Errorf("%s has no member %s", into.Type(), name)
		}
		if err := fromJSON(member, field); err != nil {
			return err
		}
	}
	return nil
}

func unionFromJSON(members map[string]any, into reflect.Value) error {
	for name, member := range members {
		for _, candidate := range unionMembers {
			if candidate.Name() != into.Type().Name()+"Member"+upperFirst(name) {
				continue
			}
			made := reflect.New(candidate)
			into.Set(made)
			return fromJSON(member, made.Elem().FieldByName("Value"))
		}
		return fmt.Errorf("%s has no member %s", into.Type(), name)
	}
	return fmt.Errorf("%s has no member set", into.Type())
}

func upperFirst(name string) string {
	return strings.ToUpper(name[:1]) + name[1:]
}
