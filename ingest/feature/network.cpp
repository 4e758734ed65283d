#include "network.h"

#include <cstdio>
#include <exception>
#include <opencv2/dnn.hpp>

// No exception may leave: who calls is not C++.

struct fw_network {
	cv::dnn::Net net;
	cv::dnn::MatShape shape;
};

namespace {

// attempt runs f and tells whether it came to its end.
template <typename F> bool attempt(char *why, size_t room, F f) {
	try {
		return f();
	} catch (const cv::Exception &e) {
		std::snprintf(why, room, "%s", e.err.c_str());
	} catch (const std::exception &e) {
		std::snprintf(why, room, "%s", e.what());
	} catch (...) {
		std::snprintf(why, room, "unknown");
	}
	return false;
}

} // namespace

fw_network *fw_network_load(const void *onnx, size_t length, int planes, int side, char *why, size_t room) {
	cv::setNumThreads(1);
	fw_network *n = nullptr;
	bool loaded = attempt(why, room, [&] {
		n = new fw_network{cv::dnn::readNetFromONNX(static_cast<const char *>(onnx), length), {1, planes, side, side}};
		if (n->net.empty()) {
			std::snprintf(why, room, "it has no layers");
			return false;
		}
		n->net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
		n->net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
		return true;
	});
	if (!loaded) {
		fw_network_free(n);
		return nullptr;
	}
	return n;
}

int fw_network_cost(fw_network *n, int64_t *operations, int64_t *bytes, char *why, size_t room) {
	return attempt(why, room, [&] {
		size_t weights = 0, blobs = 0;
		*operations = n->net.getFLOPS(n->shape);
		n->net.getMemoryConsumption(n->shape, weights, blobs);
		*bytes = static_cast<int64_t>(weights + blobs);
		return true;
	});
}

int fw_network_run(fw_network *n, const float *values, float *out, char *why, size_t room) {
	return attempt(why, room, [&] {
		n->net.setInput(cv::Mat(n->shape, CV_32F, const_cast<float *>(values)));
		cv::Mat result = n->net.forward();
		if (result.type() != CV_32F || result.total() != 1) {
			std::snprintf(why, room, "it gives %zu numbers, and one is wanted", result.total());
			return false;
		}
		*out = *result.ptr<float>();
		return true;
	});
}

void fw_network_free(fw_network *n) {
	attempt(nullptr, 0, [&] {
		delete n;
		return true;
	});
}
