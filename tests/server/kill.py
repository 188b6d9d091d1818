"""kill -9 of the server while clients write: nothing that was acknowledged is lost, nothing is half."""
import random
import threading
import time

from serving import Lost, Server, expect, run


def writer(server, number, acknowledged):
    c = server.connect(local=True)
    value = 0
    try:
        while True:
            value += 1
            told = c.ask(f"INSERT INTO t VALUES ({number}, {value}); INSERT INTO u VALUES ({number}, {value})")
            expect(told, ["C INSERT 0 1", "C INSERT 0 1", "Z I"])
            acknowledged[number] = value
    except (Lost, OSError):
        return


def kills():
    with Server() as server:
        c = server.connect()
        for table in ("t", "u"):
            c.ask(f"CREATE TABLE {table} (w int, n int, PRIMARY KEY (w, n))")
        for round_number in range(3):
            acknowledged = {}
            threads = [threading.Thread(target=writer, args=(server, 10 * round_number + i, acknowledged)) for i in range(4)]
            for thread in threads:
                thread.start()
            time.sleep(random.uniform(0.3, 1.2))
            server.kill()
            for thread in threads:
                thread.join()
            server.start()
            c = server.connect()
            for number, last in acknowledged.items():
                found = c.values(f"SELECT count(*), max(n) FROM t WHERE w = {number}")[0].split("|")
                assert found[0] == found[1] and int(found[0]) >= last, (found, last)
            expect(c.values("SELECT count(*) FROM t"), c.values("SELECT count(*) FROM u"))
            print(sum(acknowledged.values()), "commits")
        server.stop()
        server.check()


run(kills)
