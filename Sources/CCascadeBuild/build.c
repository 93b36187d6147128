#include "cascade_build.h"

#ifndef CASCADE_COMMIT
#define CASCADE_COMMIT "unknown"
#endif

// A macro is the one way in which SwiftPM's manifest can hand a string to the program it builds.
const char *cascade_build_commit(void) { return CASCADE_COMMIT; }
