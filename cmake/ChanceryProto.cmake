# Generated protobuf code. All of it is compiled in a few unity files at -O1 without warnings or
# debug information: it is most of the lines and none of the interest (docs/adr/0007).

find_package(Protobuf REQUIRED)

# chancery_compile_generated(TARGET BATCH DIRECTORY SOURCES...): a static library of generated .pb.cc
# files, named relative to DIRECTORY, BATCH of them to a translation unit.
#
# CMake's own unity builds include by absolute path, which no compiler cache can share between
# checkouts, so the units are written here. protoc 3.21 emits file-scope `schemas` and
# `file_default_instances` in every file, which collide in one unit: each include gets its own names.
function(chancery_compile_generated target batch directory)
  set(units "")
  set(members "")
  set(text "")
  set(index 0)
  foreach(source IN LISTS ARGN)
    list(APPEND members ${directory}/${source})
    list(LENGTH members count)
    string(APPEND text "#define schemas schemas_${count}\n#define file_default_instances file_default_instances_${count}\n"
      "#include \"${source}\"\n#undef schemas\n#undef file_default_instances\n")
    if(count EQUAL batch)
      chancery_write_unit()
    endif()
  endforeach()
  if(members)
    chancery_write_unit()
  endif()
  add_library(${target} STATIC ${units})
  target_compile_options(${target} PRIVATE -O1 -g0 -w)
  target_include_directories(${target} SYSTEM PUBLIC ${directory})
  target_link_libraries(${target} PUBLIC protobuf::libprotobuf PRIVATE chancery_sanitize)
endfunction()

macro(chancery_write_unit)
  set(unit ${CMAKE_CURRENT_BINARY_DIR}/${target}_${index}.cc)
  file(CONFIGURE OUTPUT ${unit} CONTENT "${text}" @ONLY)
  set_source_files_properties(${unit} PROPERTIES OBJECT_DEPENDS "${members}")
  list(APPEND units ${unit})
  set(members "")
  set(text "")
  math(EXPR index "${index} + 1")
endmacro()

# chancery_proto_library(NAME x PROTOS a.proto ... [DEPS ...]): our own protos under api/.
function(chancery_proto_library)
  cmake_parse_arguments(ARG "" "NAME" "PROTOS;DEPS" ${ARGN})
  set(out ${PROJECT_BINARY_DIR}/gen)
  file(MAKE_DIRECTORY ${out})
  set(sources "")
  set(inputs "")
  set(outputs "")
  foreach(proto IN LISTS ARG_PROTOS)
    string(REPLACE ".proto" ".pb.cc" source ${proto})
    string(REPLACE ".proto" ".pb.h" header ${proto})
    list(APPEND sources ${source})
    list(APPEND outputs ${out}/${source} ${out}/${header})
    list(APPEND inputs ${PROJECT_SOURCE_DIR}/api/${proto})
  endforeach()
  add_custom_command(OUTPUT ${outputs}
    COMMAND protobuf::protoc -I${PROJECT_SOURCE_DIR}/api --cpp_out=${out} ${ARG_PROTOS}
    DEPENDS ${inputs} VERBATIM)
  chancery_compile_generated(chancery_${ARG_NAME} 8 ${out} ${sources})
  add_library(chancery::${ARG_NAME} ALIAS chancery_${ARG_NAME})
  target_link_libraries(chancery_${ARG_NAME} PUBLIC ${ARG_DEPS})
endfunction()
