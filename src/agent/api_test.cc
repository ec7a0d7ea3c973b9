#include "agent/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "agent/http_client.h"
#include "base/address.h"
#include "frontend/http_server.h"

namespace chancery::agent {
namespace {

using frontend::Answer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kStats = "# TYPE envoy_appmesh_Rq counter\nenvoy_appmesh_Rq{} 3\n# TYPE x gauge\nx{} 1\n";

// The API in front of a server that plays Envoy's admin interface.
class ApiTest : public testing::Test {
 protected:
  ApiTest() {
    EXPECT_TRUE(InitHttpClient());
    auto started = frontend::HttpServer::Start({.threads = 1}, [this](const frontend::Request& request) {
      asked_.push_back(request.method + " " + request.target);
      return Answer{envoy_status_, {}, kStats};
    });
    EXPECT_TRUE(started);
    envoy_ = *std::move(started);
    const auto address = base::SplitHostPort(envoy_->address());
    admin_ = std::make_unique<EnvoyAdmin>(cli::Endpoint{address->host, address->port, ""});
    health_ = std::make_unique<Health>(clock_, std::chrono::seconds(3600));
    log_level_ = std::make_unique<LogLevel>(clock_, "info", std::chrono::seconds(300),
                                            [this](const std::string& level) { return admin_->SetLogLevel(level); });
    UseSnapshots(nullptr);
  }

  void UseSnapshots(const StatsSnapshots* snapshots) {
    api_ = std::make_unique<Api>(Api::Parts{clock_, *admin_, *health_, *log_level_, snapshots});
  }

  Answer Ask(const std::string& method, const std::string& target, const std::string& body = "") {
    return api_->Handle({.method = method, .target = target, .body = body});
  }

  base::FakeClock clock_;
  int envoy_status_ = 200;
  std::vector<std::string> asked_;
  std::unique_ptr<frontend::HttpServer> envoy_;
  std::unique_ptr<EnvoyAdmin> admin_;
  std::unique_ptr<Health> health_;
  std::unique_ptr<LogLevel> log_level_;
  std::unique_ptr<Api> api_;
};

TEST_F(ApiTest, StatusIsTheHealthReport) {
  const Answer answer = Ask("GET", "/status");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, ToJson(health_->Report()));
}

TEST_F(ApiTest, DrainIsPassedOn) {
  EXPECT_EQ(Ask("POST", "/drain_listeners?inboundonly").status, 200);
  EXPECT_EQ(Ask("POST", "/drain_listeners?inboundonly&graceful").status, 200);
  EXPECT_THAT(asked_, ElementsAre("POST /drain_listeners?inboundonly", "POST /drain_listeners?graceful&inboundonly"));
  envoy_status_ = 503;
  EXPECT_EQ(Ask("POST", "/drain_listeners").status, 500);
}

TEST_F(ApiTest, LoggingIsResetAfterItsTime) {
  EXPECT_THAT(Ask("POST", "/enableLogging?level=debug").body, HasSubstr("from [info] to [debug]"));
  clock_.Advance(std::chrono::seconds(299));
  log_level_->Tick();
  EXPECT_THAT(asked_, ElementsAre("POST /logging?level=debug"));
  clock_.Advance(std::chrono::seconds(1));
  log_level_->Tick();
  log_level_->Tick();
  EXPECT_THAT(asked_, ElementsAre("POST /logging?level=debug", "POST /logging?level=info"));
}

TEST_F(ApiTest, AResetThatFailsIsTriedAgain) {
  Ask("POST", "/enableLogging?level=trace");
  clock_.Advance(std::chrono::seconds(300));
  envoy_status_ = 500;
  log_level_->Tick();
  envoy_status_ = 200;
  clock_.Advance(std::chrono::seconds(5));
  log_level_->Tick();
  EXPECT_THAT(asked_, ElementsAre("POST /logging?level=trace", "POST /logging?level=info", "POST /logging?level=info"));
}

TEST_F(ApiTest, TheUsualLevelAndANewEnvoyEndTheException) {
  for (const bool by_restart : {false, true}) {
    Ask("POST", "/enableLogging?level=debug");
    if (by_restart) {
      log_level_->Forget();
    } else {
      Ask("POST", "/enableLogging?level=info");
    }
    asked_.clear();
    clock_.Advance(std::chrono::seconds(400));
    log_level_->Tick();
    EXPECT_THAT(asked_, IsEmpty());
  }
}

TEST_F(ApiTest, PrometheusIsPassedThroughOrFiltered) {
  EXPECT_EQ(Ask("GET", "/stats/prometheus").body, kStats);
  EXPECT_EQ(Ask("GET", "/stats/prometheus?usedonly").body, kStats);
  EXPECT_THAT(asked_, ElementsAre("GET /stats/prometheus", "GET /stats/prometheus?usedonly"));
  EXPECT_EQ(Ask("GET", "/stats/prometheus?usedonly&filter=metrics_extension").body, "# TYPE Rq counter\nRq{} 3\n");
  envoy_status_ = 503;
  EXPECT_EQ(Ask("GET", "/stats/prometheus").status, 500);
}

TEST_F(ApiTest, DeltaIsOfTheSnapshots) {
  EXPECT_THAT(Ask("GET", "/stats/prometheus?delta").body, HasSubstr("ENABLE_STATS_SNAPSHOT"));
  StatsSnapshots snapshots;
  UseSnapshots(&snapshots);
  EXPECT_EQ(Ask("GET", "/stats/prometheus?delta").body, kStats);  // none yet: all is new
  snapshots.Take("# TYPE envoy_appmesh_Rq counter\nenvoy_appmesh_Rq{} 2\n");
  snapshots.Take("# TYPE envoy_appmesh_Rq counter\nenvoy_appmesh_Rq{} 9\n");
  EXPECT_EQ(Ask("GET", "/stats/prometheus?usedonly&filter=metrics_extension&delta").body,
            "# TYPE Rq counter\nRq{} 7\n");
}

TEST_F(ApiTest, MisuseIs400AndTooManyCallsAre429) {
  for (const auto& [method, target] :
       std::vector<std::pair<std::string, std::string>>{{"POST", "/status"},
                                                        {"GET", "/drain_listeners"},
                                                        {"POST", "/drain_listeners?all"},
                                                        {"GET", "/enableLogging?level=debug"},
                                                        {"POST", "/enableLogging"},
                                                        {"POST", "/enableLogging?level=loud"},
                                                        {"POST", "/enableLogging?level=debug&paths=x"},
                                                        {"GET", "/stats/prometheus?filter=all"},
                                                        {"GET", "/stats/prometheus?format=json"}}) {
    EXPECT_EQ(Ask(method, target).status, 400) << method << " " << target;
  }
  EXPECT_EQ(Ask("POST", "/drain_listeners", "body").status, 400);
  EXPECT_EQ(Ask("GET", "/quitquitquit").status, 404);
  EXPECT_THAT(asked_, IsEmpty());
  while (Ask("GET", "/stats/prometheus").status == 200) {
  }
  EXPECT_EQ(Ask("GET", "/stats/prometheus").status, 429);
  EXPECT_EQ(Ask("GET", "/status").status, 200) << "Envoy is not asked for it";
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(Ask("GET", "/stats/prometheus").status, 200);
}

TEST_F(ApiTest, RequestsInFlightAreThoseOfListeners) {
  EXPECT_EQ(SumOfActiveRequests(R"({"stats": [
    {"name": "http.admin.downstream_rq_active", "value": 1},
    {"name": "http.async-client.downstream_rq_active", "value": 1},
    {"name": "http.ingress.http.8080.downstream_rq_active", "value": 2},
    {"name": "http.egress.downstream_rq_active", "value": 3},
    {"name": "http.egress.downstream_rq_active_overflow", "value": 9},
    {"histograms": {}}]})"),
            5U);
  EXPECT_EQ(SumOfActiveRequests("nothing"), std::nullopt);
}

}  // namespace
}  // namespace chancery::agent
