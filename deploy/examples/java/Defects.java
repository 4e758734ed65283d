import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Prints each event of Framewatch's topic of defects as one line of JSON, once its transaction is committed. */
public final class Defects {
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] args) throws Exception {
        Map<String, String> options = new HashMap<>(Map.of(
            "--brokers", "127.0.0.1:9392", // host:port, comma-separated
            "--topic", "framewatch.defects",
            "--group", "defects-java", // which remembers what was printed
            "--registry", "http://127.0.0.1:8080", // the Schema Registry, or Framewatch's console
            "--registry-user", "",
            "--registry-password-file", ""));
        for (int i = 0; i < args.length; i += 2) {
            if (i + 1 == args.length || options.replace(args[i], args[i + 1]) == null) {
                System.err.println("usage: Defects [OPTION VALUE]... with the options " + options.keySet().stream().sorted().toList());
                System.exit(2);
            }
        }
        System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "warn"); // the client's log, to stderr
        Registry registry = new Registry(options.get("--registry"), options.get("--registry-user"), options.get("--registry-password-file"));
        try {
            follow(consumer(options.get("--brokers"), options.get("--group")), options.get("--topic"), registry);
        } catch (UnreadableException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    private static KafkaConsumer<byte[], byte[]> consumer(String brokers, String group) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", brokers);
        settings.put("group.id", group);
        // The contract: what is not committed, or was aborted, is not for us.
        settings.put("isolation.level", "read_committed");
        // A group that was never seen begins with the oldest event.
        settings.put("auto.offset.reset", "earliest");
        // An event is committed when it has been printed.
        settings.put("enable.auto.commit", "false");
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** Prints what is committed on the topic until the JVM is asked to end. */
    private static void follow(KafkaConsumer<byte[], byte[]> consumer, String topic, Registry registry) throws UnreadableException {
        CountDownLatch closed = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            consumer.wakeup();
            try {
                closed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        Map<TopicPartition, OffsetAndMetadata> printed = new HashMap<>();
        try (consumer) {
            consumer.subscribe(List.of(topic));
            while (true) {
                try {
                    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                        out.println(event(record, registry));
                        printed.put(new TopicPartition(record.topic(), record.partition()), new OffsetAndMetadata(record.offset() + 1));
                    }
                } finally {
                    out.flush();
                    commit(consumer, printed);
                }
            }
        } catch (WakeupException e) {
            // We have been asked to end.
        } finally {
            closed.countDown();
        }
    }

    /** Goes through also when we have just been asked to end: the first attempt is then what the request interrupts. */
    private static void commit(KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, OffsetAndMetadata> printed) {
        if (printed.isEmpty()) {
            return;
        }
        try {
            consumer.commitSync(printed);
        } catch (WakeupException e) {
            consumer.commitSync(printed);
            throw e;
        } finally {
            printed.clear();
        }
    }

    /** What is printed of a record. Fields that are not named here are passed over. */
    private static String event(ConsumerRecord<byte[], byte[]> record, Registry registry) throws UnreadableException {
        try {
            GenericRecord defect = registry.decode(record.value());
            ObjectNode line = JSON.createObjectNode();
            line.put("partition", record.partition()).put("offset", record.offset());
            line.put("ce_id", header(record, "ce_id")).put("ce_type", header(record, "ce_type"));
            line.put("id", text(defect, "id")).put("revision", (Integer) defect.get("revision")).put("state", text(defect, "state"));
            line.put("stream", text(defect, "stream"));
            var labels = line.putArray("labels");
            for (Object label : (List<?>) defect.get("labels")) {
                labels.addObject().put("name", text((GenericRecord) label, "name")).put("value", text((GenericRecord) label, "value"));
            }
            line.put("kind", text(defect, "kind")).put("part", text(defect, "part")).put("severity", text(defect, "severity"));
            line.put("onset", (Long) defect.get("onset")).put("end", (Long) defect.get("end"));
            line.put("value", (Double) defect.get("value")).put("unit", text(defect, "unit"));
            line.put("reason", text(defect, "reason")).put("summary", text(defect, "summary"));
            return JSON.writeValueAsString(line);
        } catch (IOException | RuntimeException e) {
            throw new UnreadableException(record.topic() + "/" + record.partition() + " at offset " + record.offset() + ": " + e.getMessage(), e);
        }
    }

    private static String text(GenericRecord record, String field) {
        return record.get(field).toString();
    }

    private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
        var header = record.headers().lastHeader(name);
        return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }

    /** Decodes values by the schemas that they were written with. */
    private static final class Registry {
        private final HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
        private final String url;
        private final String authorization;
        private final Map<Long, Schema> known = new HashMap<>();

        Registry(String url, String user, String passwordFile) throws IOException {
            this.url = url.replaceAll("/+$", "");
            if (user.isEmpty()) {
                authorization = null;
                return;
            }
            String pair = user + ":" + Files.readString(Path.of(passwordFile)).strip();
            authorization = "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
        }

        /** Reads a value in Confluent's wire format: a zero byte, the schema's id in four bytes, Avro. */
        GenericRecord decode(byte[] value) throws IOException {
            if (value == null || value.length < 5 || value[0] != 0) {
                throw new IOException("the value is not in Confluent's wire format");
            }
            long id = Integer.toUnsignedLong(ByteBuffer.wrap(value, 1, 4).getInt());
            Schema schema = schema(id);
            try {
                BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, null);
                GenericRecord record = new GenericDatumReader<GenericRecord>(schema).read(null, decoder);
                if (!decoder.isEnd()) {
                    throw new IOException("bytes are left over");
                }
                return record;
            } catch (IOException | RuntimeException e) {
                throw new IOException("decode with schema id " + id + ": " + e, e);
            }
        }

        /** Asks the registry once for each id. */
        private Schema schema(long id) throws IOException {
            Schema schema = known.get(id);
            if (schema == null) {
                schema = new Schema.Parser().parse(JSON.readTree(ask(id)).get("schema").asText());
                known.put(id, schema);
            }
            return schema;
        }

        private String ask(long id) throws IOException {
            var request = HttpRequest.newBuilder(URI.create(url + "/schemas/ids/" + id)).timeout(Duration.ofSeconds(10));
            if (authorization != null) {
                request.header("Authorization", authorization);
            }
            HttpResponse<String> answer;
            try {
                answer = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
            } catch (IOException e) {
                throw new IOException("schema id " + id + ": ask the registry: " + e, e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("schema id " + id + ": ask the registry: interrupted", e);
            }
            if (answer.statusCode() == 404) {
                throw new IOException("schema id " + id + ": unknown to the registry at " + url);
            }
            if (answer.statusCode() != 200) {
                throw new IOException("schema id " + id + ": ask the registry: HTTP status " + answer.statusCode());
            }
            return answer.body();
        }
    }

    /** Says which record cannot be read, and why. */
    private static final class UnreadableException extends Exception {
        UnreadableException(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
