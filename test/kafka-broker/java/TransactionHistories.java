import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes interleaved transactions with Java's producer, and reads them back with Java's consumer: what a
 * reader of ours must see.
 *
 * <p>Arguments: bootstrap servers, seed, steps to write (0: only read), milliseconds between steps, topics.
 *
 * <p>Output, a line each, tab-separated, for both isolation levels: {@code end, isolation, topic, partition,
 * offset} and {@code record, isolation, topic, partition, offset, timestamp, key in hex or "null", value}.
 */
public final class TransactionHistories {
  private static final String[] COMPRESSIONS = {"none", "gzip", "snappy", "lz4", "zstd"};
  /** The last one writes outside transactions. */
  private static final int PRODUCERS = 7;
  private static final double PARTITION_TAKES_PART = 0.3;
  private static final double TRANSACTION_ENDS = 0.35;
  /** Left open at the end, in some partitions: nothing behind it is committed. */
  private static final double TAKES_PART_IN_OPEN_ONE = 0.1;
  /** As an abort marker's and a commit marker's key, and others. */
  private static final byte[][] KEYS = {
    null, {0, 0, 0, 0}, {0, 0, 0, 1}, "a".getBytes(StandardCharsets.UTF_8), "b".getBytes(StandardCharsets.UTF_8)
  };

  private final String brokers;
  private final Random random;
  private final List<TopicPartition> partitions;
  private final List<KafkaProducer<byte[], byte[]>> producers = new ArrayList<>();
  private final boolean[] isOpen = new boolean[PRODUCERS];
  private int written = 0;

  private TransactionHistories(String brokers, long seed, List<TopicPartition> partitions) {
    this.brokers = brokers;
    this.random = new Random(seed);
    this.partitions = partitions;
  }

  public static void main(String[] args) throws Exception {
    String brokers = args[0];
    long seed = Long.parseLong(args[1]);
    int steps = Integer.parseInt(args[2]);
    long pauseMs = Long.parseLong(args[3]);
    List<TopicPartition> partitions = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(brokers, "read_committed")) {
      for (String topic : args[4].split(",")) {
        consumer.partitionsFor(topic).stream()
            .map(info -> new TopicPartition(topic, info.partition()))
            .forEach(partitions::add);
      }
    }
    if (steps > 0) new TransactionHistories(brokers, seed, partitions).write(steps, pauseMs);
    StringBuilder output = new StringBuilder();
    read(brokers, "read_committed", partitions, output);
    read(brokers, "read_uncommitted", partitions, output);
    System.out.print(output);
    System.out.flush();
    // The producers are not closed: that would end the open transaction.
    Runtime.getRuntime().halt(0);
  }

  private void write(int steps, long pauseMs) throws Exception {
    for (int i = 0; i < PRODUCERS; i++) producers.add(producer(i));
    for (int step = 0; step < steps; step++) {
      int index = random.nextInt(PRODUCERS);
      write(index, PARTITION_TAKES_PART);
      if (isOpen[index] && random.nextDouble() < TRANSACTION_ENDS) end(index);
      Thread.sleep(pauseMs);
    }
    for (int i = 0; i < PRODUCERS; i++) if (isOpen[i]) end(i);
    write(0, TAKES_PART_IN_OPEN_ONE);
    write(PRODUCERS - 1, PARTITION_TAKES_PART);
  }

  /** A batch in each partition that takes part. */
  private void write(int index, double takesPart) {
    KafkaProducer<byte[], byte[]> producer = producers.get(index);
    if (isTransactional(index) && !isOpen[index]) {
      producer.beginTransaction();
      isOpen[index] = true;
    }
    for (TopicPartition partition : partitions) {
      if (random.nextDouble() >= takesPart) continue;
      for (int left = 1 + random.nextInt(3); left > 0; left--) {
        byte[] value = ("value-" + written++).getBytes(StandardCharsets.UTF_8);
        byte[] key = KEYS[random.nextInt(KEYS.length)];
        var record =
            new ProducerRecord<>(partition.topic(), partition.partition(), timestamp(), keyFor(partition, key), value);
        if (random.nextInt(4) == 0) record.headers().add("header", value);
        producer.send(record);
      }
    }
    producer.flush();
  }

  /** A compacted topic takes no record without a key. */
  private byte[] keyFor(TopicPartition partition, byte[] key) {
    return key == null && partition.topic().startsWith("compacted") ? KEYS[1] : key;
  }

  private long timestamp() {
    return System.currentTimeMillis() - random.nextInt(1000);
  }

  private void end(int index) {
    if (random.nextBoolean()) producers.get(index).commitTransaction();
    else producers.get(index).abortTransaction();
    isOpen[index] = false;
  }

  private static boolean isTransactional(int index) {
    return index < PRODUCERS - 1;
  }

  private KafkaProducer<byte[], byte[]> producer(int index) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("bootstrap.servers", brokers);
    settings.put("compression.type", COMPRESSIONS[index % COMPRESSIONS.length]);
    // Records of a step wait for its flush, so that they go in one batch.
    settings.put("linger.ms", 10_000);
    settings.put("max.block.ms", 60_000);
    // The next run's producers must not end the transaction that this one leaves open.
    String transactionalId = partitions.get(0).topic() + "-" + index;
    if (isTransactional(index)) settings.put("transactional.id", transactionalId);
    var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    if (isTransactional(index)) producer.initTransactions();
    return producer;
  }

  private static KafkaConsumer<byte[], byte[]> consumer(String brokers, String isolation) {
    Map<String, Object> settings =
        Map.of("bootstrap.servers", brokers, "isolation.level", isolation, "enable.auto.commit", false);
    return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private static void read(
      String brokers, String isolation, List<TopicPartition> partitions, StringBuilder output) {
    try (var consumer = consumer(brokers, isolation)) {
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      ends.forEach((p, end) -> line(output, "end", isolation, p.topic(), p.partition(), end));
      while (ends.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue())) {
        for (var record : consumer.poll(Duration.ofMillis(100))) {
          String key = record.key() == null ? "null" : HexFormat.of().formatHex(record.key());
          String value = new String(record.value(), StandardCharsets.UTF_8);
          line(output, "record", isolation, record.topic(), record.partition(), record.offset(), record.timestamp(), key, value);
        }
      }
    }
  }

  private static void line(StringBuilder output, Object... fields) {
    IntStream.range(0, fields.length).forEach(i -> output.append(i == 0 ? "" : "\t").append(fields[i]));
    output.append('\n');
  }
}
