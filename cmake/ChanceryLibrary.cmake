find_package(GTest REQUIRED)
include(GoogleTest)

# chancery_library(NAME x SRCS ... HDRS ... DEPS ... TESTS ...)
#
# One folder under src/ is one library, linked only by its alias chancery::x, so that a typo or a
# forbidden link fails at configure time. TESTS are *_test.cc files beside the code, built into
# x_test; TEST_DEPS are linked to that binary alone.
function(chancery_library)
  cmake_parse_arguments(ARG "" "NAME" "SRCS;HDRS;DEPS;TESTS;TEST_DEPS" ${ARGN})
  set(target chancery_${ARG_NAME})
  add_library(${target} STATIC)
  add_library(chancery::${ARG_NAME} ALIAS ${target})
  target_sources(${target}
    PRIVATE ${ARG_SRCS}
    PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src FILES ${ARG_HDRS})
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(${target} PUBLIC ${ARG_DEPS} PRIVATE chancery_flags)
  chancery_check_links(${ARG_NAME} "${ARG_DEPS}")
  if(ARG_TESTS AND BUILD_TESTING)
    chancery_test(NAME ${ARG_NAME}_test SRCS ${ARG_TESTS} DEPS chancery::${ARG_NAME} ${ARG_TEST_DEPS})
  endif()
  chancery_check_tests_listed("${ARG_TESTS}")
endfunction()

# chancery_test(NAME x_test SRCS ... DEPS ... [LABEL unit])
function(chancery_test)
  cmake_parse_arguments(ARG "" "NAME;LABEL" "SRCS;DEPS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  add_executable(${ARG_NAME} ${ARG_SRCS})
  target_link_libraries(${ARG_NAME} PRIVATE ${ARG_DEPS} chancery_flags GTest::gmock GTest::gtest_main)
  string(REGEX REPLACE "_test$" "" prefix ${ARG_NAME})
  gtest_discover_tests(${ARG_NAME} DISCOVERY_MODE PRE_TEST TEST_PREFIX ${prefix}/
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 600)
endfunction()

# The links that docs/adr/0001 and ARCHITECTURE.md allow: a folder may use those named behind it.
set(CHANCERY_LINKS_base "")
set(CHANCERY_LINKS_model base)
set(CHANCERY_LINKS_store base model)
set(CHANCERY_LINKS_compile base model)
set(CHANCERY_LINKS_transform base model compile store)
set(CHANCERY_LINKS_xds base)
set(CHANCERY_LINKS_tls base)
set(CHANCERY_LINKS_edge base xds tls)
set(CHANCERY_LINKS_iam base model store)
set(CHANCERY_LINKS_ems base model store transform xds iam tls)
set(CHANCERY_LINKS_frontend base model store iam tls)
set(CHANCERY_LINKS_relay base model xds tls edge iam)
set(CHANCERY_LINKS_cli base model)
set(CHANCERY_LINKS_agent base model cli frontend)
set(CHANCERY_LINKS_intercept base cli)

function(chancery_check_links name deps)
  if(NOT DEFINED CHANCERY_LINKS_${name})
    return() # app: may use everything
  endif()
  foreach(dep IN LISTS deps)
    if(dep MATCHES "^chancery::([a-z]+)$" AND NOT CMAKE_MATCH_1 IN_LIST CHANCERY_LINKS_${name})
      message(FATAL_ERROR "src/${name} may not use src/${CMAKE_MATCH_1} (cmake/ChanceryLibrary.cmake)")
    endif()
  endforeach()
endfunction()

# A *_test.cc that no target builds is a test that never runs.
function(chancery_check_tests_listed tests)
  file(GLOB_RECURSE found RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_DEPENDS *_test.cc)
  foreach(test IN LISTS found)
    if(NOT test IN_LIST tests)
      message(FATAL_ERROR "${CMAKE_CURRENT_SOURCE_DIR}/${test} is in no target")
    endif()
  endforeach()
endfunction()
