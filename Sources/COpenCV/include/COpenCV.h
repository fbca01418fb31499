#pragma once

// OpenCV 4.6 through plain C: a header for each part.

#include "COpenCVContours.h"
#include "COpenCVResize.h"
