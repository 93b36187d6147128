#pragma once

/// The commit this program was built from, with a plus sign if the tree was changed; "unknown" outside a checkout.
const char *cascade_build_commit(void);
