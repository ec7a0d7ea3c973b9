# Envoy's protos, generated at build time from the descriptors in PyPI's xds-protos
# (docs/adr/0007). The Makefile makes the Python environment; CHANCERY_PROTO_PYTHON names it.

set(CHANCERY_PROTO_PYTHON "" CACHE FILEPATH "python3 of an environment that holds xds-protos")
if(NOT CHANCERY_PROTO_PYTHON)
  message(FATAL_ERROR "CHANCERY_PROTO_PYTHON is not set: build with make, which makes the environment")
endif()

set(envoy_set ${PROJECT_BINARY_DIR}/envoy.binpb)
set(envoy_gen ${PROJECT_BINARY_DIR}/envoy-gen)
set(envoy_tool ${PROJECT_SOURCE_DIR}/tools/envoy_descriptors.py)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${envoy_tool})
execute_process(
  COMMAND ${CHANCERY_PROTO_PYTHON} ${envoy_tool} --out ${envoy_set}.new
  OUTPUT_VARIABLE envoy_files OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(COPY_FILE ${envoy_set}.new ${envoy_set} ONLY_IF_DIFFERENT)
string(REPLACE "\n" ";" envoy_files "${envoy_files}")

set(envoy_sources "")
set(envoy_outputs "")
foreach(file IN LISTS envoy_files)
  string(REPLACE ".proto" ".pb.cc" source ${file})
  string(REPLACE ".proto" ".pb.h" header ${file})
  list(APPEND envoy_sources ${source})
  list(APPEND envoy_outputs ${envoy_gen}/${source} ${envoy_gen}/${header})
endforeach()
file(MAKE_DIRECTORY ${envoy_gen})
add_custom_command(OUTPUT ${envoy_outputs}
  COMMAND protobuf::protoc --descriptor_set_in=${envoy_set} --cpp_out=${envoy_gen} ${envoy_files}
  DEPENDS ${envoy_set} VERBATIM)

chancery_compile_generated(chancery_envoy_protos 11 ${envoy_gen} ${envoy_sources})
add_library(chancery::envoy_protos ALIAS chancery_envoy_protos)
