#!/usr/bin/env bash
# Runs one Apache Kafka broker in the foreground, on loopback, without Docker. Needs Java 17 and, the first time, Maven.
#   KAFKA_PORT             19092; the controller listens on the next port, or on KAFKA_CONTROLLER_PORT
#   KAFKA_ADVERTISED_PORT  the port that clients are told; another one where a proxy stands before the broker
#   KAFKA_DATA             ./data/kafka
#   KAFKA_JARS             where the jars are kept between starts
#   KAFKA_HEAP             512m
#   KAFKA_PROPERTIES       further lines of server.properties; the last of a name counts
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
version=4.3.1
port="${KAFKA_PORT:-19092}"
advertised="${KAFKA_ADVERTISED_PORT:-$port}"
controller="${KAFKA_CONTROLLER_PORT:-$((port + 1))}"
data="${KAFKA_DATA:-$PWD/data/kafka}"
jars="${KAFKA_JARS:-${XDG_CACHE_HOME:-$HOME/.cache}/ringfence/kafka-$version}"

fail() {
  echo "kafka: $*" >&2
  exit 1
}

command -v java >/dev/null || fail "java is missing; on Debian: apt-get install -y openjdk-17-jre-headless"

if [ ! -d "$jars" ]; then
  command -v mvn >/dev/null || fail "mvn is missing, which fetches Kafka's jars once; on Debian: apt-get install -y maven"
  echo "kafka: fetching Apache Kafka $version into $jars" >&2
  mkdir -p "$(dirname "$jars")"
  # Into a folder of its own, then renamed: a fetch that was cut off, or a second one beside it, leaves no half a broker.
  partial="$(mktemp -d "$jars.XXXXXX")"
  trap 'rm -rf "$partial"' EXIT
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$partial" >&2 ||
    fail "Maven could not fetch the jars"
  mv -T "$partial" "$jars" 2>/dev/null || [ -d "$jars" ] || fail "cannot write $jars"
  trap - EXIT
  rm -rf "$partial"
fi

mkdir -p "$data"
cat >"$data/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$advertised
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=$data/log
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
${KAFKA_PROPERTIES:-}
PROPERTIES
cat >"$data/log4j2.properties" <<'PROPERTIES'
rootLogger.level=warn
rootLogger.appenderRef.console.ref=console
appender.console.type=Console
appender.console.name=console
appender.console.target=SYSTEM_ERR
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=[%d] %p %m (%c)%n
PROPERTIES

run() {
  exec java "-Xms128m" "-Xmx${KAFKA_HEAP:-512m}" -XX:+UseSerialGC "-Dlog4j2.configurationFile=$data/log4j2.properties" \
    -cp "$jars/*" "$@"
}

if [ ! -e "$data/log/meta.properties" ]; then
  cluster="$(run kafka.tools.StorageTool random-uuid)"
  (run kafka.tools.StorageTool format -t "$cluster" -c "$data/server.properties") >/dev/null
fi

(run kafka.Kafka "$data/server.properties") &
broker=$!
# For tests, which kill the broker itself.
echo "$broker" >"$data/broker.pid"
trap 'kill "$broker" 2>/dev/null' INT TERM

until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
  kill -0 "$broker" 2>/dev/null || fail "the broker ended; see above"
  sleep 0.2
done
echo "kafka is ready on 127.0.0.1:$port (data in $data)"

# A signal ends the first wait; the second one waits for the broker's own orderly end.
status=0
wait "$broker" || status=$?
if kill -0 "$broker" 2>/dev/null; then
  status=0
  wait "$broker" || status=$?
fi
# What Java ends with after an orderly stop by SIGINT or SIGTERM.
case "$status" in 130 | 143) status=0 ;; esac
exit "$status"
