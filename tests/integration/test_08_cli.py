# SPDX-License-Identifier: Apache-2.0
"""The runtime API: what it shows, what it changes, how it is spoken to."""

import json
import re
import socket
import time

import pytest

from harness.client import Raw
from harness.http import get
from harness.process import wait_until
from harness.proxy import DEFAULTS
from harness.servers import pattern

CSV_START = (
    "# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,"
    "status,weight,act,bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,"
    "tracked,type,rate,rate_lim,rate_max,check_status,check_code,check_duration,hrsp_1xx,hrsp_2xx,"
    "hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,hanafail,req_rate,req_rate_max,req_tot,cli_abrt,srv_abrt,"
    "comp_in,comp_out,comp_byp,comp_rsp,lastsess,last_chk,last_agt,qtime,ctime,rtime,ttime,"
    "agent_status,agent_code,agent_duration,check_desc,agent_desc,check_rise,check_fall,"
    "check_health,agent_rise,agent_fall,agent_health,addr,cookie,mode,algo,conn_rate,conn_rate_max,"
    "conn_tot,intercepted,dcon,dses,wrew,connect,reuse,cache_lookups,cache_hits,srv_icur,src_ilim,"
    "qtime_max,ctime_max,rtime_max,ttime_max,eint,idle_conn_cur,safe_conn_cur,used_conn_cur,"
    "need_conn_est,uweight"
)


@pytest.fixture
def pair(http, origin):
    """A proxy before servers A and B."""
    return http([origin("A"), origin("B")], backend="balance roundrobin")


# --- show


@pytest.mark.smoke
def test_show_info(pair, connect):
    connect(pair.port).ask(get("/"))
    info = pair.info()
    assert int(info["Pid"]) == pair.pid
    assert int(info["CumReq"]) >= 1
    assert int(info["Uptime_sec"]) < 60
    for name in ("Name", "Version", "Nbthread", "Maxconn", "CurrConns", "CumConns", "Tasks",
                 "Run_queue", "Idle_pct", "node", "Memmax_MB", "PoolAlloc_MB", "PoolUsed_MB",
                 "PoolFailed", "Ulimit-n", "Maxsock", "Hard_maxconn", "MaxConnRate", "ConnRate",
                 "SessRate", "SslRate", "Stopping", "Jobs", "Listeners", "ActivePeers",
                 "DroppedLogs", "BusyPolling", "TotalBytesOut"):
        assert name in info, name


def test_show_info_typed_and_json(pair):
    typed = pair.cli("show info typed")
    assert re.search(r"^\d+\.Pid\.1:SGP:u32:%d$" % pair.pid, typed, re.M)
    rows = json.loads(pair.cli("show info json"))
    row = next(row for row in rows if row["field"]["name"] == "Pid")
    assert row["value"] == {"type": "u32", "value": pair.pid}
    assert "SPID" not in pair.cli("show info")


def test_show_info_describes(pair):
    assert re.search(r'^Pid: \d+:"[^"]+"', pair.cli("show info desc"), re.M)


@pytest.mark.smoke
def test_show_stat_csv(pair, connect):
    raw = connect(pair.port)
    for _ in range(4):
        raw.ask(get("/?s=10"))
    text = pair.cli("show stat")
    assert text.startswith(CSV_START)
    lines = [line for line in text.splitlines() if line]
    assert {line.count(",") for line in lines} == {lines[0].count(",")}
    frontend, backend = pair.stat("fe", "FRONTEND"), pair.stat("be", "BACKEND")
    servers = [pair.stat("be", name) for name in ("s1", "s2")]
    assert (frontend["status"], frontend["req_tot"], frontend["hrsp_2xx"]) == ("OPEN", "4", "4")
    assert (backend["status"], backend["hrsp_2xx"], backend["act"]) == ("UP", "4", "2")
    assert [(row["status"], row["weight"], row["lbtot"]) for row in servers] == [
        ("no check", "1", "2")] * 2
    assert (frontend["type"], backend["type"], servers[0]["type"]) == ("0", "1", "2")
    assert int(frontend["bin"]) > 0 and int(frontend["bout"]) > 40


def test_show_stat_json_and_typed(pair):
    rows = json.loads(pair.cli("show stat json"))
    names = {(field["field"]["name"], field["value"]["value"]) for row in rows for field in row}
    assert {("pxname", "fe"), ("svname", "s1"), ("svname", "BACKEND")} <= names
    assert re.search(r"^F\.\d+\.0\.0\.pxname\.\d+:KNSs?[A-Z]?:?str:fe$|"
                     r"^F\.\d+\.0\.0\.pxname\.\d+:[A-Za-z]{3}:str:fe$",
                     pair.cli("show stat typed"), re.M)


def test_show_stat_of_one(pair):
    everything = pair.stats()
    backend_id = pair.stat("be", "BACKEND")["iid"]
    only = [line for line in pair.cli(f"show stat {backend_id} 4 -1").splitlines()
            if line and not line.startswith("#")]
    assert [line.split(",")[1] for line in only] == ["s1", "s2"]
    assert len(everything) > len(only)


@pytest.mark.smoke
def test_show_pools(pair, connect):
    connect(pair.port).ask(get("/"))
    text = pair.cli("show pools")
    assert text.startswith("Dumping pools usage")
    assert re.search(r"^  - Pool \S+ \(\d+ bytes\) : \d+ allocated \(\d+ bytes\), \d+ used", text, re.M)
    assert re.search(r"^Total: \d+ pools, \d+ bytes allocated, \d+ used", text, re.M)


@pytest.mark.newer
def test_show_pools_sorted_and_matched(pair):
    names = re.findall(r"- Pool (\S+)", pair.cli("show pools byname"))
    assert names == sorted(names)
    sizes = [int(each) for each in re.findall(r"\((\d+) bytes\) :", pair.cli("show pools bysize"))]
    assert sizes in (sorted(sizes), sorted(sizes, reverse=True))
    matched = re.findall(r"- Pool (\S+)", pair.cli("show pools match buffer"))
    assert matched and all("buffer" in name for name in matched)
    assert len(re.findall(r"- Pool", pair.cli("show pools 2"))) <= 2


@pytest.mark.weir_only
def test_show_memory(pair, connect):
    raw = connect(pair.port)
    raw.ask(get("/"))
    text = pair.cli("show memory")
    assert re.search(r"\d", text)
    for word in ("budget", "resident"):
        assert word in text.lower(), text


@pytest.mark.smoke
def test_show_sess(pair, connect):
    raw = connect(pair.port).send(get("/?t=1000"))
    lines = wait_until(lambda: [line for line in pair.cli("show sess").splitlines()
                                if "fe=fe" in line])
    assert re.match(r"0x[0-9a-f]+: proto=tcpv4 src=127\.0\.0\.1:\d+ fe=fe be=be srv=s[12] ", lines[0])
    identity = lines[0].split(":")[0]
    assert "127.0.0.1" in pair.cli(f"show sess {identity}")
    raw.close()


def test_show_errors(pair, connect):
    connect(pair.port).ask(b"GET / HTTP/1.1\r\nBad Name: 1\r\n\r\n")
    text = pair.cli("show errors")
    assert "fe" in text and "Bad Name" in text
    assert re.search(r"Total events captured on \[.*\] : 1", text)


def test_show_errors_of_one(http, scripted, connect):
    proxy = http([scripted(lambda peer: peer.send("HTTP/1.1 200 OK\r\nBad Name: 1\r\n\r\n"))])
    connect(proxy.port).ask(get("/"))
    connect(proxy.port).ask(b"GET / HTTP/1.1\r\nWorse Name: 1\r\n\r\n")
    assert "Bad Name" in proxy.cli("show errors") and "Worse Name" in proxy.cli("show errors")
    requests, responses = proxy.cli("show errors -1 request"), proxy.cli("show errors be response")
    assert "Worse Name" in requests and "Bad Name" not in requests
    assert "Bad Name" in responses and "Worse Name" not in responses
    assert re.search(r"backend be \(#\d+\) ?: invalid response", responses)
    assert re.search(r"frontend fe \(#\d+\), server s1 \(#1\), event #\d+, src 127", responses)
    assert "  00000  HTTP/1.1 200 OK\\r\\n\n" in responses
    assert "Bad Name" in proxy.cli("show errors fe response")
    assert "Bad Name" not in proxy.cli("show errors fe request")
    assert "No such proxy." in proxy.cli("show errors nothing")


def test_show_sess_of_some(pair, connect):
    raw = connect(pair.port).send(get("/?t=2000"))
    line = wait_until(lambda: next((line for line in pair.cli("show sess").splitlines()
                                    if "fe=fe" in line), None))
    long = pair.cli(f"show sess {line.split(':')[0]}")
    assert "frontend=fe (id=" in long and "backend=be (id=" in long
    assert re.search(r"^  .*server=s[12] \(id=[12]\)", long, re.M)
    assert "frontend=fe (id=" in pair.cli("show sess all")
    raw.close()


@pytest.mark.newer
def test_show_sess_filters(pair, connect):
    raw = connect(pair.port).send(get("/some?t=2500"))
    wait_until(lambda: "srv=s" in pair.cli("show sess"))
    server = re.search(r"srv=(s\d)", pair.cli("show sess")).group(1)
    other = "s2" if server == "s1" else "s1"
    for chosen in ("frontend fe", "backend be", f"server be/{server}", "older 0"):
        assert "fe=fe" in pair.cli(f"show sess {chosen}"), chosen
    for chosen in (f"server be/{other}", "older 60", "susp"):
        assert "fe=fe" not in pair.cli(f"show sess {chosen}"), chosen
    assert "/some?t=2500" in pair.cli("show sess show-uri")
    assert "older" in pair.cli("show sess help")
    raw.close()


@pytest.mark.smoke
def test_show_servers_state(pair):
    lines = pair.cli("show servers state").splitlines()
    assert lines[0] == "1"
    assert lines[1].startswith("# be_id be_name srv_id srv_name srv_addr srv_op_state "
                               "srv_admin_state srv_uweight srv_iweight")
    assert re.match(r"\d+ be 1 s1 127\.0\.0\.1 2 0 1 1 ", lines[2])
    assert pair.cli("show servers state be").splitlines()[2] == lines[2]


def test_show_servers_conn(pair):
    row = re.search(r"^be/s1 \d+/1 127\.0\.0\.1 (.*)$", pair.cli("show servers conn be"), re.M)
    assert re.fullmatch(r"\d+ - \d+ \d+ \d+ \d+ \d+ \d+ -1 \d+( \d+)+", row.group(1)), row.group(1)
    assert "Can't find backend." in pair.cli("show servers conn nothing")


def test_show_stat_with_descriptions(pair):
    assert re.search(r'^F\.\d+\.0\.4\.scur\.1:MGP:u32:\d+:"[^"]+"$',
                     pair.cli("show stat typed desc"), re.M)
    assert pair.cli("show stat domain proxy").startswith(CSV_START)
    assert pair.cli("show stat domain resolvers").startswith("# id,pid,sent,")


def test_show_schema(pair):
    schema = json.loads(pair.cli("show schema json"))
    assert [each["title"] for each in schema["oneOf"]] == ["Info", "Stat", "Error"]
    assert {"field", "processNum", "tags", "typedValue"} <= set(schema["definitions"])


def test_show_activity(pair, connect):
    connect(pair.port).ask(get("/"))
    text = pair.cli("show activity")
    assert text.startswith("thread_id: ")
    assert re.search(r"^date_now: \d+\.\d{6}$", text, re.M)
    assert int(re.search(r"^accepted: (\d+) \[", text, re.M).group(1)) >= 1
    assert re.search(r"^pool_fail: 0 \[", text, re.M)


def test_show_fd(pair, connect):
    raw = connect(pair.port).send(get("/?t=1500"))
    text = wait_until(lambda: "back=1" in pair.cli("show fd") and pair.cli("show fd"))
    assert re.search(r"^ +\d+ : .*fe=fe", text, re.M)
    assert re.search(r"^ +\d+ : .*back=0 .*fe=fe", text, re.M)
    assert re.search(r"^ +\d+ : .*back=1 .*(be=be srv=s|sv=be/s)[12]", text, re.M)
    number = re.search(r"^ +(\d+) : .*back=0", text, re.M).group(1)
    assert len(re.findall(r"^ +\d+ : ", pair.cli(f"show fd {number}"), re.M)) == 1
    raw.close()


def test_what_there_is_none_of(pair):
    assert pair.cli("show table").strip() == "" and pair.cli("show peers").strip() == ""
    assert "No such table" in pair.cli("show table nothing")
    assert "No such table" in pair.cli("clear table nothing")
    assert "No such peers" in pair.cli("show peers nothing")
    assert "Can't find that resolvers section" in pair.cli("show resolvers nothing")
    assert pair.cli("show cache").strip() == ""
    assert pair.cli("show tls-keys").strip() == "# id (file)"


def test_show_backend(pair):
    assert "be" in pair.cli("show backend").splitlines()


def test_show_version(pair):
    assert re.match(r"\d+\.\d+", pair.cli("show version"))


def test_show_env(weir, ports):
    proxy = weir(f"{DEFAULTS}\nfrontend fe\n    bind 127.0.0.1:{ports.take()}\n",
                 env={"WEIR_TEST": "here"})
    assert proxy.cli("show env WEIR_TEST").strip() == "WEIR_TEST=here"


def test_show_cli_sockets(pair):
    assert pair.socket_path in pair.cli("show cli sockets")


# --- speaking to it


@pytest.mark.smoke
def test_several_commands_in_a_line(pair):
    text = pair.cli("show version;show env PATH ; show backend")
    assert "PATH=" in text and "be" in text.split()


@pytest.mark.newer
def test_wait(pair):
    with Raw(pair.socket_path) as raw:
        started = time.monotonic()
        raw.send("show version;wait 300ms;show backend\n")
        text = raw.read_until_close().decode()
        assert 0.25 < time.monotonic() - started < 4
    assert text.index(".") < text.index("be\n")
    with Raw(pair.socket_path) as raw:
        raw.send("wait 10m;show backend\n").expect_silence(0.2)
        raw.send("\n")
        assert b"be\n" in raw.read_until_close()


@pytest.mark.smoke
def test_prompt(pair):
    with Raw(pair.socket_path) as raw:
        raw.send("prompt\n")
        assert raw.reader.until(b"> ").endswith(b"\n> ")
        raw.send("show backend\n")
        assert b"be\n" in raw.reader.until(b"\n> ")
        raw.send("quit\n")
        raw.expect_close()


def test_without_a_prompt_the_answer_ends_the_connection(pair):
    with Raw(pair.socket_path) as raw:
        raw.send("show version\n")
        answer = raw.read_until_close()
    assert answer.endswith(b"\n\n")


@pytest.mark.smoke
def test_help_and_unknown_commands(pair):
    assert "show stat" in pair.cli("help")
    assert "Unknown command" in pair.cli("frobnicate")
    assert "show info" in pair.cli("help show info")


def test_an_escaped_semicolon(pair):
    assert "Unknown" in pair.cli("show\\;version")


@pytest.mark.smoke
def test_payload(http, scripted, connect, write):
    path = write("a.map", "")
    proxy = http([scripted()], frontend=f"http-request return content-type text/plain "
                                        f"lf-string \"%[path,map({path},none)]\"")
    proxy.cli(f"add map {path} <<\n/one first value\n/two second\n")
    raw = connect(proxy.port)
    assert raw.ask(get("/one")).text == "first value"
    assert raw.ask(get("/two")).text == "second"


def test_levels(weir, ports, folder):
    paths = {level: str(folder / f"{level}.sock") for level in ("user", "operator", "admin")}
    lines = "\n".join(f"    stats socket {path} level {level}" for level, path in paths.items())
    weir(f"global\n{lines}\n{DEFAULTS}\nlisten fe\n    bind 127.0.0.1:{ports.take()}\n"
         f"    server s1 127.0.0.1:{ports.take()}\n")

    def ask(level, command):
        with Raw(paths[level]) as raw:
            return raw.send(command + "\n").read_until_close().decode()

    assert "Permission denied" in ask("user", "set weight fe/s1 5")
    assert "Permission denied" in ask("operator", "disable server fe/s1")
    assert "Permission denied" not in ask("admin", "disable server fe/s1")
    assert "Name:" in ask("user", "show info")
    assert "Permission denied" in ask("user", "clear counters all")


def test_a_level_can_be_lowered(pair):
    assert "Permission denied" in pair.cli("user;disable server be/s1")


def test_over_tcp(weir, ports):
    port = ports.take()
    weir(f"global\n    stats socket ipv4@127.0.0.1:{port} level admin\n{DEFAULTS}\n"
         f"frontend fe\n    bind 127.0.0.1:{ports.take()}\n")
    with Raw(port) as raw:
        assert b"Name:" in raw.send("show info\n").read_until_close()


def test_many_askers_at_once(pair):
    socks = []
    for _ in range(8):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(5)
        sock.connect(pair.socket_path)
        socks.append(sock)
    for sock in socks:
        sock.sendall(b"show stat\n")
    for sock in socks:
        data = b""
        while piece := sock.recv(65536):
            data += piece
        assert data.startswith(b"# pxname")
        sock.close()


# --- changing things


@pytest.mark.smoke
def test_disable_and_enable_a_server(pair, connect):
    raw = connect(pair.port)
    pair.cli("disable server be/s1")
    assert pair.stat("be", "s1")["status"] == "MAINT"
    assert {raw.ask(get("/?s=1")).get("X-Origin") for _ in range(4)} == {"B"}
    pair.cli("enable server be/s1")
    assert pair.stat("be", "s1")["status"] == "no check"
    assert {raw.ask(get("/?s=1")).get("X-Origin") for _ in range(4)} == {"A", "B"}


@pytest.mark.smoke
def test_set_server_state(pair, connect):
    raw = connect(pair.port)
    pair.cli("set server be/s2 state drain")
    assert pair.stat("be", "s2")["status"].startswith("DRAIN") or "no check" in pair.stat(
        "be", "s2")["status"]
    assert {raw.ask(get("/?s=1")).get("X-Origin") for _ in range(4)} == {"A"}
    pair.cli("set server be/s2 state ready")
    assert {raw.ask(get("/?s=1")).get("X-Origin") for _ in range(4)} == {"A", "B"}
    pair.cli("set server be/s1 state maint")
    assert {raw.ask(get("/?s=1")).get("X-Origin") for _ in range(4)} == {"B"}


@pytest.mark.smoke
def test_weights(pair, connect):
    assert pair.cli("get weight be/s1").strip() == "1 (initial 1)"
    pair.cli("set weight be/s1 3")
    raw = connect(pair.port)
    chosen = [raw.ask(get("/?s=1")).get("X-Origin") for _ in range(8)]
    assert chosen.count("A") == 6
    pair.cli("set server be/s1 weight 0%")
    assert pair.cli("get weight be/s1").strip() == "0 (initial 1)"
    assert {raw.ask(get("/?s=1")).get("X-Origin") for _ in range(4)} == {"B"}


def test_bad_names_are_told(pair):
    assert "No such" in pair.cli("set weight be/nothing 3")
    assert "No such" in pair.cli("disable server nothing/s1")
    assert pair.cli("set weight be/s1 x").strip()


def test_set_server_address(pair, origin, connect):
    third = origin("C")
    answer = pair.cli(f"set server be/s1 addr 127.0.0.1 port {third.port}")
    assert "changed" in answer
    raw = connect(pair.port)
    assert {raw.ask(get("/?s=1")).get("X-Origin") for _ in range(4)} == {"B", "C"}


def test_set_maxconn_of_a_server(http, origin, connect):
    proxy = http([origin()])
    proxy.cli("set maxconn server be/s1 1")
    assert proxy.stat("be", "s1")["slim"] == "1"
    first, second = connect(proxy.port), connect(proxy.port)
    first.send(get("/?s=1&t=500"))
    time.sleep(0.1)
    second.send(get("/?s=2"))
    second.expect_silence(0.2)
    assert first.response().body == pattern(1)
    assert second.response().body == pattern(2)


def test_set_maxconn_of_a_frontend(http, origin, connect):
    proxy = http([origin()])
    proxy.cli("set maxconn frontend fe 1")
    first, second = connect(proxy.port), connect(proxy.port)
    assert first.ask(get("/?s=1")).body == pattern(1)
    second.send(get("/?s=2"))
    second.expect_silence(0.2)
    first.close()
    assert second.response().body == pattern(2)


def test_disable_a_frontend(pair, connect):
    pair.cli("disable frontend fe")
    assert pair.stat("fe", "FRONTEND")["status"] == "PAUSED"
    pair.cli("enable frontend fe")
    assert connect(pair.port).ask(get("/?s=1")).body == pattern(1)


def test_shutdown_a_frontend(pair):
    pair.cli("shutdown frontend fe")
    with pytest.raises(OSError):
        Raw(pair.port).close()


@pytest.mark.smoke
def test_shutdown_session(pair, connect):
    raw = connect(pair.port).send(get("/?t=3000"))
    line = wait_until(lambda: next((line for line in pair.cli("show sess").splitlines()
                                    if "fe=fe" in line), None))
    pair.cli(f"shutdown session {line.split(':')[0]}")
    started = time.monotonic()
    raw.reader.more()  # an error, or the end
    assert time.monotonic() - started < 1.5
    assert "fe=fe" not in pair.cli("show sess")


def test_shutdown_the_sessions_of_a_server(pair, connect):
    raw = connect(pair.port).send(get("/?t=3000"))
    wait_until(lambda: "srv=s" in pair.cli("show sess"))
    server = re.search(r"srv=(s\d)", pair.cli("show sess")).group(1)
    pair.cli(f"shutdown sessions server be/{server}")
    started = time.monotonic()
    raw.reader.more()  # an error, or the end
    assert time.monotonic() - started < 1.5
    assert "fe=fe" not in pair.cli("show sess")


@pytest.mark.smoke
def test_clear_counters(pair, connect):
    raw = connect(pair.port)
    raw.ask(get("/"))
    pair.cli("clear counters all")
    assert pair.stat("fe", "FRONTEND")["req_tot"] == "0"


# --- maps and ACLs


@pytest.fixture
def mapped(http, scripted, write):
    path = write("live.map", "/a one\n/b two\n")
    acl_path = write("live.acl", "/x\n")
    proxy = http([scripted()], frontend=f"""
        acl listed path -f {acl_path}
        http-request return status 202 if listed
        http-request return content-type text/plain lf-string "%[path,map({path},none)]"
    """)
    proxy.map_path = path
    proxy.acl_path = acl_path
    return proxy


@pytest.mark.smoke
def test_show_and_get_map(mapped):
    path = mapped.map_path
    assert path in mapped.cli("show map")
    rows = [line.split(" ", 1)[1] for line in mapped.cli(f"show map {path}").splitlines() if line]
    assert rows == ["/a one", "/b two"]
    found = mapped.cli(f"get map {path} /a")
    assert "one" in found and "type=str" in found


@pytest.mark.smoke
def test_change_a_map(mapped, connect):
    path = mapped.map_path
    raw = connect(mapped.port)
    mapped.cli(f"add map {path} /c three")
    mapped.cli(f"set map {path} /a uno")
    mapped.cli(f"del map {path} /b")
    assert [raw.ask(get(each)).text for each in ("/a", "/b", "/c")] == ["uno", "none", "three"]
    reference = mapped.cli(f"show map {path}").split()[0]
    mapped.cli(f"del map {path} #{reference}")
    assert raw.ask(get("/a")).text == "none"
    mapped.cli(f"clear map {path}")
    assert raw.ask(get("/c")).text == "none"


def test_change_an_acl(mapped, connect):
    path = mapped.acl_path
    raw = connect(mapped.port)
    assert raw.ask(get("/x")).status == 202
    mapped.cli(f"add acl {path} /y")
    mapped.cli(f"del acl {path} /x")
    assert (raw.ask(get("/x")).status, raw.ask(get("/y")).status) == (200, 202)
    assert "/y" in mapped.cli(f"show acl {path}")
    mapped.cli(f"clear acl {path}")
    assert raw.ask(get("/y")).status == 200


def test_a_map_is_replaced_in_one_step(mapped, connect):
    path = mapped.map_path
    version = re.search(r"(\d+)", mapped.cli(f"prepare map {path}")).group(1)
    mapped.cli(f"add map @{version} {path} /new fresh")
    raw = connect(mapped.port)
    assert [raw.ask(get(each)).text for each in ("/a", "/new")] == ["one", "none"]
    mapped.cli(f"commit map @{version} {path}")
    assert [raw.ask(get(each)).text for each in ("/a", "/new")] == ["none", "fresh"]


def test_a_large_map(mapped, connect):
    path = mapped.map_path
    lines = [f"/k{number} v{number}" for number in range(2000)]
    for at in range(0, len(lines), 100):
        mapped.cli(f"add map {path} <<\n" + "\n".join(lines[at : at + 100]) + "\n")
    assert connect(mapped.port).ask(get("/k1999")).text == "v1999"
    assert mapped.cli(f"show map {path}").count("\n/") == 0
    assert len([each for each in mapped.cli(f"show map {path}").splitlines() if each]) == 2002


def test_names_that_are_no_maps(mapped):
    assert "Unknown map" in mapped.cli("show map /nothing")


def test_variables_of_the_process(pair):
    assert "experimental" in pair.cli("set var proc.test str(hello)")
    pair.cli("experimental-mode on; set var proc.test str(hello)")
    assert "hello" in pair.cli("get var proc.test")
    assert pair.cli("get var proc.test").strip() == "proc.test: type=str value=<hello>"
    assert "type=sint value=<5>" in pair.cli("experimental-mode on;set var proc.i int(5);"
                                             "get var proc.i")
    assert "value=<a b>" in pair.cli("experimental-mode on;set var proc.e expr str(a\\ b);"
                                     "get var proc.e")
    assert "Variable not found." in pair.cli("get var proc.none")
    assert "Missing process-wide variable" in pair.cli("get var")
    assert "only scope 'proc' is permitted here" in pair.cli(
        "experimental-mode on;set var txn.a str(x)")
    assert "unknown fetch method 'nosuch'" in pair.cli(
        "experimental-mode on;set var proc.x nosuch")
    assert "Missing either" in pair.cli("experimental-mode on;set var proc.x")


def test_modes_of_a_connection(pair):
    assert pair.cli("experimental-mode").strip() == "experimental-mode is OFF"
    assert "experimental-mode is ON" in pair.cli("experimental-mode on;experimental-mode")
    assert pair.cli("expert-mode").strip() == "expert-mode is OFF"
    assert "expert-mode is ON" in pair.cli("expert-mode on;expert-mode")
    assert pair.cli("show cli level").strip() == "admin"
    assert pair.cli("operator;show cli level").split() == ["operator"]
    assert "Permission denied" in pair.cli("user;experimental-mode on")
    assert "expert-mode" not in pair.cli("help")


def test_timeout_of_a_connection(pair):
    assert "Expects an integer value." in pair.cli("set timeout cli")
    assert "Invalid timeout value." in pair.cli("set timeout cli 0")
    with Raw(pair.socket_path) as raw:
        raw.send("prompt\n")
        raw.reader.until(b"> ")
        raw.send("set timeout cli 1\n")
        raw.reader.until(b"> ")
        assert 0.5 < raw.expect_close() < 4


# --- rings


RING = """
    ring events
        description "What went through"
        format raw
        maxlen 30
        size 32764
"""


@pytest.fixture
def ringed(http, origin):
    """A proxy that logs the path of each request to the ring `events`."""
    return http([origin()], top=RING, defaults="log ring@events local0\nlog-format path=%HP")


def test_show_events_lists_sinks(ringed):
    text = ringed.cli("show events")
    assert text.startswith("Supported events sinks are listed below.")
    assert re.search(r"^    buf0       : type=buffer, 0 dropped, ", text, re.M)
    assert re.search(r"^    events     : type=buffer, 0 dropped, What went through$", text, re.M)
    assert re.search(r"^    stdout     : type=fd, 0 dropped, ", text, re.M)
    assert "No such event sink" in ringed.cli("show events nothing")
    assert "unknown option" in ringed.cli("show events events -x")


@pytest.mark.newer  # 2.6 writes a line to a ring once for each direction
def test_show_events_of_a_ring(ringed, connect):
    raw = connect(ringed.port)
    for number in range(3):
        raw.ask(get(f"/{number}"))
    raw.ask(get("/" + "x" * 100))
    text = wait_until(lambda: "xxx" in ringed.cli("show events events")
                      and ringed.cli("show events events"))
    assert text.split() == ["path=/0", "path=/1", "path=/2", "path=/" + "x" * 24]
    assert ringed.cli("show events events -n").strip() == ""


@pytest.mark.newer
def test_show_events_waits(ringed, connect):
    raw = connect(ringed.port)
    raw.ask(get("/before"))
    with Raw(ringed.socket_path) as watcher:
        watcher.send("show events events -w\n")
        assert b"path=/before\n" in watcher.reader.until(b"before\n")
        raw.ask(get("/after"))
        assert b"path=/after\n" in watcher.reader.until(b"after\n")
        watcher.send("\n")
        assert watcher.reader.until(b"\n") == b"\n"
    with Raw(ringed.socket_path) as watcher:
        watcher.send("show events events -w -n\n")
        watcher.expect_silence(0.2)
        raw.ask(get("/new"))
        assert watcher.reader.until(b"new\n").strip() == b"path=/new"


@pytest.mark.newer
def test_a_ring_keeps_the_newest(http, origin, connect):
    proxy = http([origin()], top="ring small\n    format raw\n    size 16384\n",
                 defaults="log ring@small local0\nlog-format path=%HP")
    raw = connect(proxy.port)
    for number in range(60):
        raw.ask(get(f"/{number}/" + "x" * 500))
    text = wait_until(lambda: "/59/" in proxy.cli("show events small")
                      and proxy.cli("show events small"))
    numbers = [int(each) for each in re.findall(r"path=/(\d+)/", text)]
    assert numbers == list(range(numbers[0], 60))
    assert 20 < len(numbers) < 33


def test_a_log_line_to_buf0(http, origin, connect):
    proxy = http([origin()], defaults="log ring@buf0 local0\nlog-format path=%HP")
    connect(proxy.port).ask(get("/a"))
    text = wait_until(lambda: "path=" in proxy.cli("show events buf0")
                      and proxy.cli("show events buf0"))
    assert re.match(r"<6>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+\d\d:\d\d path=/a\n", text)


def test_show_startup_logs(weir, ports):
    proxy = weir(f"frontend fe\n    bind 127.0.0.1:{ports.take()}\n")
    text = proxy.cli("show startup-logs")
    assert re.search(r"^\[WARNING\] +\(\d+\) : .*missing timeouts for proxy 'fe'|"
                     r"^\[WARNING\] +\(\d+\) : .*missing timeouts for frontend 'fe'", text, re.M)
    assert text.strip() in proxy.stderr()
