# Generated protobuf code. All of it is compiled in a few unity files at -O1 without warnings or
# debug information: it is most of the lines and none of the interest (docs/adr/0007).

find_package(Protobuf REQUIRED)

# chancery_compile_generated(TARGET SOURCES...): an unity-built static library of generated .pb.cc.
#
# protoc 3.21 emits file-scope `schemas` and `file_default_instances` in every file, which collide
# in one translation unit: each include gets names of its own.
function(chancery_compile_generated target batch)
  add_library(${target} STATIC ${ARGN})
  target_compile_options(${target} PRIVATE -O1 -g0 -w)
  set_target_properties(${target} PROPERTIES
    UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${batch} UNITY_BUILD_UNIQUE_ID CHANCERY_UNITY_ID
    UNITY_BUILD_CODE_BEFORE_INCLUDE [[
#define CHANCERY_CAT_(a, b) a##b
#define CHANCERY_CAT(a, b) CHANCERY_CAT_(a, b)
#define schemas CHANCERY_CAT(schemas_, CHANCERY_UNITY_ID)
#define file_default_instances CHANCERY_CAT(file_default_instances_, CHANCERY_UNITY_ID)]]
    UNITY_BUILD_CODE_AFTER_INCLUDE [[
#undef schemas
#undef file_default_instances
#undef CHANCERY_CAT
#undef CHANCERY_CAT_]])
  target_link_libraries(${target} PUBLIC protobuf::libprotobuf PRIVATE chancery_sanitize)
endfunction()

# chancery_proto_library(NAME x PROTOS a.proto ... [DEPS ...]): our own protos under api/.
function(chancery_proto_library)
  cmake_parse_arguments(ARG "" "NAME" "PROTOS;DEPS" ${ARGN})
  set(out ${PROJECT_BINARY_DIR}/gen)
  file(MAKE_DIRECTORY ${out})
  set(sources "")
  set(inputs "")
  foreach(proto IN LISTS ARG_PROTOS)
    string(REPLACE ".proto" ".pb.cc" source ${proto})
    string(REPLACE ".proto" ".pb.h" header ${proto})
    list(APPEND sources ${out}/${source})
    list(APPEND headers ${out}/${header})
    list(APPEND inputs ${PROJECT_SOURCE_DIR}/api/${proto})
  endforeach()
  add_custom_command(OUTPUT ${sources} ${headers}
    COMMAND protobuf::protoc -I${PROJECT_SOURCE_DIR}/api --cpp_out=${out} ${ARG_PROTOS}
    DEPENDS ${inputs} VERBATIM)
  chancery_compile_generated(chancery_${ARG_NAME} 8 ${sources})
  add_library(chancery::${ARG_NAME} ALIAS chancery_${ARG_NAME})
  target_include_directories(chancery_${ARG_NAME} SYSTEM PUBLIC ${out})
  target_link_libraries(chancery_${ARG_NAME} PUBLIC ${ARG_DEPS})
endfunction()
