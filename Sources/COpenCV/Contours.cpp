#include "COpenCVContours.h"

#include <cstdio>
#include <cstring>
#include <exception>
#include <vector>

#include <opencv2/imgproc.hpp>

namespace {

// Runs `body`, which returns a code, and turns exceptions into a code and a message.
template <typename Body>
int32_t guarded(char *message, int32_t message_size, const Body &body) {
    try {
        return body();
    } catch (const std::exception &error) {
        std::snprintf(message, static_cast<size_t>(message_size), "%s", error.what());
    } catch (...) {
        std::snprintf(message, static_cast<size_t>(message_size), "unknown exception");
    }
    return COPENCV_CONTOURS_FAILED;
}

cv::Mat curve(const int32_t *points, int32_t count) {
    return cv::Mat(count, 1, CV_32SC2, const_cast<int32_t *>(points));
}

}  // namespace

int32_t copencv_find_contours(
    const uint8_t *image, int32_t width, int32_t height, int32_t *points, int32_t point_capacity,
    int32_t *point_count, int32_t *lengths, int32_t length_capacity, int32_t *length_count, char *message,
    int32_t message_size) {
    return guarded(message, message_size, [&]() -> int32_t {
        const cv::Mat source(height, width, CV_8UC1, const_cast<uint8_t *>(image));
        std::vector<std::vector<cv::Point>> contours;
        cv::findContours(source, contours, cv::RETR_LIST, cv::CHAIN_APPROX_SIMPLE);
        size_t total = 0;
        for (const auto &contour : contours) total += contour.size();
        *point_count = static_cast<int32_t>(total);
        *length_count = static_cast<int32_t>(contours.size());
        if (*point_count > point_capacity || *length_count > length_capacity) return COPENCV_CONTOURS_TOO_SMALL;
        for (const auto &contour : contours) {
            *lengths++ = static_cast<int32_t>(contour.size());
            for (const auto &point : contour) {
                *points++ = point.x;
                *points++ = point.y;
            }
        }
        return COPENCV_CONTOURS_OK;
    });
}

int32_t copencv_min_area_rect(
    const int32_t *points, int32_t count, float rect[5], float corners[8], char *message, int32_t message_size) {
    return guarded(message, message_size, [&]() -> int32_t {
        const cv::RotatedRect box = cv::minAreaRect(curve(points, count));
        const float values[5] = {box.center.x, box.center.y, box.size.width, box.size.height, box.angle};
        std::memcpy(rect, values, sizeof values);
        cv::Mat result;
        cv::boxPoints(box, result);
        std::memcpy(corners, result.ptr<float>(), 8 * sizeof(float));
        return COPENCV_CONTOURS_OK;
    });
}

int32_t copencv_arc_length(
    const int32_t *points, int32_t count, double *length, char *message, int32_t message_size) {
    return guarded(message, message_size, [&]() -> int32_t {
        *length = cv::arcLength(curve(points, count), true);
        return COPENCV_CONTOURS_OK;
    });
}

int32_t copencv_approx_polygon(
    const int32_t *points, int32_t count, double epsilon, int32_t *result, int32_t *result_count, char *message,
    int32_t message_size) {
    return guarded(message, message_size, [&]() -> int32_t {
        std::vector<cv::Point> polygon;
        cv::approxPolyDP(curve(points, count), polygon, epsilon, true);
        *result_count = static_cast<int32_t>(polygon.size());
        for (const auto &point : polygon) {
            *result++ = point.x;
            *result++ = point.y;
        }
        return COPENCV_CONTOURS_OK;
    });
}

int32_t copencv_fill_mean(
    const int32_t *points, int32_t count, const float *values, int32_t width, int32_t height, uint8_t *mask,
    double *mean, char *message, int32_t message_size) {
    return guarded(message, message_size, [&]() -> int32_t {
        cv::Mat covered(height, width, CV_8UC1, mask);
        covered.setTo(0);
        const std::vector<cv::Mat> polygons = {curve(points, count)};
        cv::fillPoly(covered, polygons, cv::Scalar(1));
        *mean = cv::mean(cv::Mat(height, width, CV_32FC1, const_cast<float *>(values)), covered)[0];
        return COPENCV_CONTOURS_OK;
    });
}
