package kafka_test

const childBrokers = "FRAMEWATCH_TEST_CHILD_BROKERS"

func child() int { return 0 }
