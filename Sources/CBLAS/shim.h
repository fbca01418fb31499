// OpenBLAS, through the plain C interface.
#include <cblas.h>
extern void openblas_set_num_threads(int);
