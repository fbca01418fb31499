#include "COpenCVResize.h"

#include <cstdio>
#include <exception>

#include <opencv2/core.hpp>
#include <opencv2/core/utility.hpp>
#include <opencv2/imgproc.hpp>

int32_t opencv_resize_linear_rgb8(
    const uint8_t *source, int32_t source_width, int32_t source_height, size_t source_stride, uint8_t *target,
    int32_t target_width, int32_t target_height, size_t target_stride, char *message, size_t message_size) {
    try {
        // OpenCV would start a pool of its own beside the caller's loop over images; the setting is the process's.
        static const bool isSingleThreaded = (cv::setNumThreads(1), true);
        (void)isSingleThreaded;
        const cv::Mat from(source_height, source_width, CV_8UC3, const_cast<uint8_t *>(source), source_stride);
        cv::Mat into(target_height, target_width, CV_8UC3, target, target_stride);
        cv::resize(from, into, into.size(), 0, 0, cv::INTER_LINEAR);
        if (into.data == target) return 0;
        std::snprintf(message, message_size, "the resized picture was put elsewhere");
    } catch (const std::exception &error) {
        std::snprintf(message, message_size, "%s", error.what());
    } catch (...) {
        std::snprintf(message, message_size, "an exception of unknown kind");
    }
    return 1;
}
