# The compiler settings of our own code, on one INTERFACE target; nothing is set globally but the
# language, the linker and the compiler cache.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(CHANCERY_SANITIZE "" CACHE STRING "Sanitizers for all of our code: address,undefined or thread")

find_program(CHANCERY_CCACHE ccache)
if(CHANCERY_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CHANCERY_CCACHE})
endif()
find_program(CHANCERY_MOLD mold)
if(CHANCERY_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
find_package(Threads REQUIRED)

# Sanitizers reach generated code too: a race inside a message we share is ours.
add_library(chancery_sanitize INTERFACE)
if(CHANCERY_SANITIZE)
  target_compile_options(chancery_sanitize INTERFACE
    -fsanitize=${CHANCERY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(chancery_sanitize INTERFACE -fsanitize=${CHANCERY_SANITIZE})
  if(CHANCERY_SANITIZE MATCHES thread)
    # See the header there: the layout of protobuf's map fields must be that of the system's library.
    target_include_directories(chancery_sanitize SYSTEM BEFORE INTERFACE ${PROJECT_SOURCE_DIR}/cmake/tsan)
  endif()
endif()

add_library(chancery_flags INTERFACE)
target_compile_options(chancery_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Werror)
target_include_directories(chancery_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(chancery_flags INTERFACE chancery_sanitize Threads::Threads)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  # libstdc++ 12 calls its own deprecated get_temporary_buffer in std::stable_sort; g++ tells about ours.
  target_compile_options(chancery_flags INTERFACE -Wthread-safety -Wno-deprecated-declarations)
elseif(CHANCERY_SANITIZE)
  # Instrumented code draws false maybe-uninitialized reports from g++ 12.
  target_compile_options(chancery_flags INTERFACE -Wno-maybe-uninitialized)
endif()
