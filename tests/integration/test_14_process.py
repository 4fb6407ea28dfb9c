# SPDX-License-Identifier: Apache-2.0
"""The process: flags, exit codes, errors of broken files, signals, reload, daemon, master."""

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from harness.client import Raw
from harness.http import get
from harness.process import die_with_parent, wait_until
from harness.proxy import DEFAULTS, binary, is_haproxy, run_once
from harness.servers import pattern


@pytest.fixture
def check(write):
    """`check(text)` runs -c on a configuration."""

    def run(text, *args, **options):
        return run_once(["-c", "-f", write("check.cfg", text), *args], **options)

    return run


def output(done):
    return done.stdout + done.stderr


# --- looking at it


@pytest.mark.smoke
def test_version():
    done = run_once(["-v"])
    assert done.returncode == 0
    assert re.match(r"(HAProxy|weir) version \d+\.\d+", done.stdout, re.I)


@pytest.mark.smoke
def test_details():
    done = run_once(["-vv"])
    assert done.returncode == 0
    for words in ("version", "Build options", "Available polling systems", "Built with"):
        assert words in done.stdout, words


def test_usage():
    done = run_once(["-h"])
    assert "Usage" in output(done)
    for flag in ("-f", "-c", "-D", "-db", "-sf", "-st", "-m", "-n"):
        assert re.search(rf"(^|[\s\[/]){flag}\b", output(done)), flag


def test_an_unknown_flag():
    done = run_once(["-Z"])
    assert done.returncode == 1
    assert "Usage" in output(done)


def test_conditions_from_the_command_line():
    assert run_once(["-cc", "streq(a,a)"]).returncode == 0
    assert run_once(["-cc", "streq(a,b)"]).returncode == 1
    assert run_once(["-cc", "version_atleast(2.0)"]).returncode == 0 or not is_haproxy()
    assert run_once(["-cc", "nonsense("]).returncode == 2
    assert run_once(["-cc", "defined(HOME_SWEET_HOME)"], env={"HOME_SWEET_HOME": "1"}).returncode == 0


# --- checking configurations


GOOD = DEFAULTS + """
frontend fe
    bind 127.0.0.1:1
    default_backend be
backend be
    server s1 127.0.0.1:2
"""


@pytest.mark.smoke
def test_a_good_file(check):
    done = check(GOOD)
    assert done.returncode == 0
    assert "Configuration file is valid" in output(done)


def test_a_good_file_quietly(check):
    done = check(GOOD, "-q")
    assert (done.returncode, output(done)) == (0, "")


@pytest.mark.smoke
@pytest.mark.parametrize(
    "text, line, words",
    [
        (DEFAULTS + "frontend fe\n    bindd 127.0.0.1:1\n", 7, ["unknown keyword 'bindd'"]),
        (DEFAULTS + "backend be\n    server s1\n", 7, ["server"]),
        (DEFAULTS + "backend be\n    balance nonsense\n", 7, ["balance"]),
        (DEFAULTS + "frontend fe\n    bind 127.0.0.1:99999\n", 7, ["99999"]),
        ("frontendd fe\n", 1, ["frontendd"]),
        (DEFAULTS + "    timeout client 5lightyears\n", 6, ["timeout client"]),
        (DEFAULTS + "frontend fe\n    acl a nosuchfetch x\n", 7, ["nosuchfetch"]),
        (DEFAULTS + "frontend fe\n    http-request deny if nosuchacl\n", 7, ["nosuchacl"]),
        (DEFAULTS + "frontend fe\n    http-request frobnicate\n", 7, ["frobnicate"]),
        (DEFAULTS + "frontend fe\n    http-request set-header X\n", 7, ["set-header"]),
        (DEFAULTS + "frontend fe\n    http-request set-header X %[nosuch]\n", 7, ["nosuch"]),
        (DEFAULTS + "frontend fe\n    http-request set-header X %[src,nosuchconv]\n", 7,
         ["nosuchconv"]),
        (DEFAULTS + "frontend fe\n    acl a path 'unfinished\n", 7, ["quote"]),
        (DEFAULTS + "frontend fe\n    option nosuchoption\n", 7, ["nosuchoption"]),
        (DEFAULTS + "backend be\n    server s1 127.0.0.1:1 nosuchword\n", 7, ["nosuchword"]),
        (DEFAULTS + "backend be\n    errorfile 503 /no/such/file\n", 7, ["/no/such/file"]),
        pytest.param("global\n    maxconn lots\n", 2, ["maxconn", "lots"],
                     marks=pytest.mark.weir_only),
        ("global\n    nosuchglobal 1\n", 2, ["nosuchglobal"]),
    ],
    ids=lambda value: value.strip().splitlines()[-1].strip() if isinstance(value, str) else "",
)
def test_errors_name_the_line(check, text, line, words):
    done = check(text)
    assert done.returncode == 1
    text = output(done)
    assert re.search(rf"\[ALERT\]\s+\(\d+\) : config : ([Pp]arsing )?\[[^\]]*check\.cfg:{line}\]", text), text
    for word in words:
        assert word in text, text


@pytest.mark.smoke
@pytest.mark.parametrize(
    "text, words",
    [
        (DEFAULTS + "frontend fe\n    bind 127.0.0.1:1\n    default_backend nowhere\n", ["nowhere"]),
        (DEFAULTS + "frontend fe\n    bind 127.0.0.1:1\n    use_backend nowhere if TRUE\n",
         ["nowhere"]),
        (DEFAULTS + "backend be\n    server s1 127.0.0.1:1\n    server s1 127.0.0.1:2\n", ["s1"]),
        (DEFAULTS + "backend be\n    http-request auth unless { http_auth(nobody) }\n", ["nobody"]),
    ],
    ids=["default_backend", "use_backend", "twice", "userlist"],
)
def test_errors_of_the_whole(check, text, words):
    done = check(text)
    assert done.returncode == 1
    assert "[ALERT]" in output(done)
    for word in words:
        assert word in output(done)


def test_all_errors_are_told_at_once(check):
    done = check(DEFAULTS + "frontend fe\n    one\n    two\n    three\n")
    assert [f"'{word}'" in output(done) for word in ("one", "two", "three")] == [True] * 3


def test_a_misspelt_keyword_is_guessed(check):
    done = check(DEFAULTS + "frontend fe\n    default_backendd be\n")
    assert re.search(r"did you mean '?default_backend'?", output(done))


def test_warnings_do_not_fail_but_with_dw(check):
    text = "defaults\n    mode http\nfrontend fe\n    bind 127.0.0.1:1\n    default_backend be\n" \
           "backend be\n    server s1 127.0.0.1:2\n"
    done = check(text)
    assert done.returncode == 0
    assert "[WARNING]" in output(done) and "missing timeouts" in output(done)
    assert check(text, "-dW").returncode == 1


def test_a_file_that_is_not_there():
    done = run_once(["-c", "-f", "/no/such/file.cfg"])
    assert done.returncode == 1
    assert "/no/such/file.cfg" in output(done)


def test_several_files_and_a_folder(write, folder):
    write("parts/10-global.cfg", "global\n    maxconn 100\n")
    write("parts/20-rest.cfg", GOOD)
    write("parts/ignored.txt", "nonsense\n")
    assert run_once(["-c", "-f", folder / "parts"]).returncode == 0
    one, two = folder / "parts/10-global.cfg", folder / "parts/20-rest.cfg"
    assert run_once(["-c", "-f", one, "-f", two]).returncode == 0
    assert run_once(["-c", "--", one, two]).returncode == 0


def test_environment_and_conditions(check):
    done = check(f"""{DEFAULTS}
        frontend fe
            bind "127.0.0.1:${{PORT-1}}"
            default_backend "${{BACKEND}}"
        .if defined(WANTED)
        backend be
            server s1 127.0.0.1:2
        .elif streq("$OTHER",yes)
        backend other
            server s1 127.0.0.1:2
        .else
        .alert "neither was asked for"
        .endif
    """, env={"BACKEND": "other", "OTHER": "yes"})
    assert done.returncode == 0, output(done)


def test_diagnostic_directives(check):
    done = check(GOOD + '.notice "see this"\n.warning "and this"\n')
    assert done.returncode == 0
    assert "see this" in output(done) and "and this" in output(done)
    assert check(GOOD + '.alert "stop here"\n').returncode == 1


def test_named_defaults(check):
    done = check("""
        defaults one
            mode http
            timeout connect 1s
            timeout client 1s
            timeout server 1s
        defaults two from one
            option httplog
        frontend fe from two
            bind 127.0.0.1:1
            default_backend be
        backend be from one
            server s1 127.0.0.1:2
    """)
    assert done.returncode == 0, output(done)
    assert check("frontend fe from nothing\n    bind 127.0.0.1:1\n").returncode == 1


def test_quoting_and_escapes(check):
    done = check(DEFAULTS + r"""
        frontend fe
            bind 127.0.0.1:1
            http-request set-header X-A "two words"     # a comment
            http-request set-header X-B two\ words
            http-request set-header X-C 'a "quoted" $HOME'
            http-request set-header X-D "a # b"
            http-request set-header X-E \x41\#\\
    """)
    assert done.returncode == 0, output(done)


@pytest.mark.weir_only
def test_a_keyword_of_haproxy_that_weir_lacks(check):
    done = check(DEFAULTS + "backend be\n    fcgi-app none\n    use-fcgi-app none\n")
    assert done.returncode == 1


@pytest.mark.weir_only
def test_the_memory_plan(write):
    done = run_once(["-c", "--memory-plan", "-f", write("plan.cfg", GOOD)])
    assert done.returncode == 0
    assert re.search(r"\d+ bytes|\d+(\.\d+)? [KM]iB", output(done))


# --- starting


def test_a_port_in_use(write):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        path = write("taken.cfg", f"{DEFAULTS}\nfrontend fe\n    bind 127.0.0.1:{port}\n")
        done = run_once(["-db", "-f", path])
    assert done.returncode == 1
    assert re.search(r"\[ALERT\].*(cannot bind|[Aa]ddress already in use)", output(done))
    assert str(port) in output(done)


def test_a_broken_file_does_not_start(write):
    done = run_once(["-db", "-f", write("broken.cfg", "nonsense\n")])
    assert done.returncode == 1
    assert "[ALERT]" in output(done)


@pytest.mark.smoke
def test_the_command_line_bounds_connections(weir, ports, origin, connect):
    port = ports.take()
    proxy = weir(f"{DEFAULTS}\nlisten fe\n    bind 127.0.0.1:{port}\n    "
                 f"server s {origin().address}\n", args=["-n", "2"])
    assert proxy.info()["Maxconn"] == "2"


def test_the_command_line_bounds_memory(weir, ports):
    proxy = weir(f"{DEFAULTS}\nfrontend fe\n    bind 127.0.0.1:{ports.take()}\n",
                 args=["-m", "128"])
    assert proxy.info()["Memmax_MB"] == "128"


@pytest.mark.smoke
def test_pidfile_and_daemon(write, folder, ports, origin):
    port, pidfile = ports.take(), folder / "pid"
    path = write("daemon.cfg", f"""
        global
            daemon
            pidfile {pidfile}
        {DEFAULTS}
        listen fe
            bind 127.0.0.1:{port}
            server s {origin().address}
    """)
    done = run_once(["-f", path])
    assert done.returncode == 0, output(done)
    pid = int(pidfile.read_text())
    try:
        with Raw(port) as raw:
            assert raw.ask(get("/?s=3")).body == pattern(3)
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not Path(f"/proc/{pid}").exists() or is_zombie(pid))


def is_zombie(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] == "Z"
    except FileNotFoundError:
        return True


# --- stopping


@pytest.fixture
def serving(weir, ports, origin):
    """A started proxy, and its configuration to start another with."""
    port = ports.take()
    config = f"""{DEFAULTS}
        listen fe
            bind 127.0.0.1:{port}
            server s {origin().address}
    """
    proxy = weir(config, port=port)
    proxy.text = config
    return proxy


def refuses(port):
    try:
        Raw(port, seconds=1).close()
        return False
    except OSError:
        return True


@pytest.mark.smoke
def test_sigusr1_lets_requests_end(serving, connect):
    busy, idle = connect(serving.port), connect(serving.port)
    assert idle.ask(get("/?s=3")).body == pattern(3)
    busy.send(get("/?s=5&t=700"))
    time.sleep(0.1)
    serving.signal(signal.SIGUSR1)
    wait_until(lambda: refuses(serving.port), what="the listener is closed")
    answer = busy.response()
    assert answer.body == pattern(5)
    assert answer.get("Connection") == "close"
    idle.expect_close()
    assert serving.wait(5) == 0


def test_sigusr1_with_nothing_to_do_ends_at_once(serving):
    started = time.monotonic()
    assert serving.stop(signal.SIGUSR1) == 0
    assert time.monotonic() - started < 3


@pytest.mark.smoke
def test_sigterm_ends_at_once(serving, connect):
    raw = connect(serving.port).send(get("/?s=5&t=3000"))
    time.sleep(0.1)
    started = time.monotonic()
    serving.stop(signal.SIGTERM)
    assert time.monotonic() - started < 1.5
    raw.expect_close()


def test_sigint_ends_at_once(serving):
    started = time.monotonic()
    serving.expected_codes |= {-signal.SIGINT, 128 + signal.SIGINT}
    serving.stop(signal.SIGINT)
    assert time.monotonic() - started < 1.5


def test_hard_stop_after(weir, ports, origin, connect):
    port = ports.take()
    proxy = weir(f"""
        global
            hard-stop-after 500ms
        {DEFAULTS}
        listen fe
            bind 127.0.0.1:{port}
            server s {origin().address}
    """)
    connect(port).send(get("/?s=5&t=4000"))
    time.sleep(0.1)
    started = time.monotonic()
    proxy.expected_codes |= {1}
    proxy.stop(signal.SIGUSR1)
    assert 0.3 < time.monotonic() - started < 2.5


def test_sigquit_shows_pools(serving, connect):
    connect(serving.port).ask(get("/"))
    serving.signal(signal.SIGQUIT)
    wait_until(lambda: "pools" in serving.stderr().lower() or "pools" in serving.stdout().lower())
    assert serving.alive()


def test_sighup_is_harmless(serving, connect):
    serving.signal(signal.SIGHUP)
    time.sleep(0.1)
    assert connect(serving.port).ask(get("/?s=3")).body == pattern(3)


def test_ttou_and_ttin_pause_and_resume(serving, connect):
    serving.signal(signal.SIGTTOU)
    time.sleep(0.2)
    serving.signal(signal.SIGTTIN)
    time.sleep(0.1)
    assert connect(serving.port).ask(get("/?s=3")).body == pattern(3)


# --- reloading


@pytest.mark.smoke
def test_sf_takes_over_without_a_lost_request(serving, weir, connect):
    old = connect(serving.port)
    assert old.ask(get("/?s=3")).body == pattern(3)
    old.send(get("/?s=5&t=800"))
    time.sleep(0.1)
    second = weir(serving.text, args=["-sf", str(serving.pid)])
    assert old.response().body == pattern(5)
    assert serving.wait(5) == 0
    assert connect(serving.port).ask(get("/?s=7")).body == pattern(7)
    assert second.alive()


def test_no_connection_is_refused_while_reloading(serving, weir):
    import threading

    failures, stop = [], threading.Event()

    def knock():
        while not stop.is_set():
            try:
                with Raw(serving.port, seconds=3) as raw:
                    raw.ask(get("/?s=3", "Connection: close"))
            except (OSError, AssertionError) as problem:
                failures.append(problem)
            time.sleep(0.005)

    thread = threading.Thread(target=knock)
    thread.start()
    try:
        weir(serving.text, args=["-x", serving.socket_path, "-sf", str(serving.pid)])
        time.sleep(0.3)
    finally:
        stop.set()
        thread.join(5)
    assert not failures


def test_st_ends_the_old_one_at_once(serving, weir, connect):
    raw = connect(serving.port).send(get("/?s=5&t=4000"))
    time.sleep(0.1)
    weir(serving.text, args=["-st", str(serving.pid)])
    started = time.monotonic()
    serving.wait(5)
    assert time.monotonic() - started < 2
    raw.expect_close()


# --- master and worker


@pytest.fixture
def master(children, folder, write, ports, origin):
    """Starts `-W` and ends it."""
    started = []
    port = ports.take()
    server = origin()
    path = write("master.cfg", f"""{DEFAULTS}
        listen fe
            bind 127.0.0.1:{port}
            server s {server.address}
            http-response set-header X-Pid %pid
    """)

    def start(*args):
        process = subprocess.Popen(
            [binary(), "-W", "-db", "-f", path, *args], cwd=folder, preexec_fn=die_with_parent,
            stdout=subprocess.DEVNULL, stderr=open(folder / "master.stderr", "w"))
        started.append(process)
        wait_until(lambda: not refuses(port), what="the worker listens")
        time.sleep(0.3)  # the master too must have come so far
        process.port, process.config = port, path
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            finally:
                process.kill()


def worker_pid(process):
    with Raw(process.port) as raw:
        return int(raw.ask(get("/?s=1")).get("X-Pid"))


def test_master_and_worker(master):
    process = master()
    worker = worker_pid(process)
    assert worker != process.pid
    assert f"\nPPid:\t{process.pid}\n" in Path(f"/proc/{worker}/status").read_text()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) in (0, 143, -signal.SIGTERM)
    wait_until(lambda: not Path(f"/proc/{worker}").exists())


def test_master_reloads(master):
    process = master()
    first = worker_pid(process)
    process.send_signal(signal.SIGUSR2)
    second = wait_until(lambda: (pid := worker_pid(process)) != first and pid, seconds=8)
    assert second != first
    wait_until(lambda: not Path(f"/proc/{first}").exists(), seconds=8)


def test_master_keeps_the_old_worker_when_the_file_is_broken(master):
    process = master()
    first = worker_pid(process)
    Path(process.config).write_text("nonsense\n")
    process.send_signal(signal.SIGUSR2)
    time.sleep(0.7)
    assert worker_pid(process) == first


def test_master_socket(master, folder):
    process = master("-S", str(folder / "master.sock"))
    path = str(folder / "master.sock")
    wait_until(lambda: not refuses(path), what="the master listens")
    with Raw(path) as raw:
        text = raw.send("show proc\n").half_close().read_until_close().decode()
    assert re.search(rf"^{process.pid}\s+master", text, re.M)
    assert re.search(r"^\d+\s+worker", text, re.M)


def test_a_worker_that_dies_ends_the_master(master):
    process = master()
    os.kill(worker_pid(process), signal.SIGKILL)
    assert process.wait(8) != 0


# --- privileges and limits


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_user_and_chroot(weir, ports, origin, folder, connect):
    jail = folder / "jail"
    jail.mkdir()
    jail.chmod(0o755)
    folder.chmod(0o755)
    port = ports.take()
    proxy = weir(f"""
        global
            user nobody
            group nogroup
            chroot {jail}
        {DEFAULTS}
        listen fe
            bind 127.0.0.1:{port}
            server s {origin().address}
    """, env={"ASAN_OPTIONS": "detect_leaks=0"})  # LeakSanitizer needs /proc, which a jail lacks
    assert connect(port).ask(get("/?s=3")).body == pattern(3)
    status = Path(f"/proc/{proxy.pid}/status").read_text()
    assert not re.search(r"^Uid:\s+0\b", status, re.M)
    assert os.readlink(f"/proc/{proxy.pid}/root") == str(jail)


def test_descriptor_limits_follow_maxconn(weir, ports):
    proxy = weir(f"global\n    maxconn 700\n{DEFAULTS}\n"
                 f"frontend fe\n    bind 127.0.0.1:{ports.take()}\n")
    info = proxy.info()
    assert info["Maxconn"] == "700"
    assert int(info["Ulimit-n"]) > 1400
    limits = Path(f"/proc/{proxy.pid}/limits").read_text()
    assert int(re.search(r"Max open files\s+(\d+)", limits).group(1)) >= int(info["Ulimit-n"])


def test_several_threads(weir, ports, origin):
    port = ports.take()
    proxy = weir(f"""
        global
            nbthread 2
        {DEFAULTS}
        listen fe
            bind 127.0.0.1:{port}
            server s {origin().address}
    """)
    assert proxy.info()["Nbthread"] == "2"
    for _ in range(20):
        with Raw(port) as raw:
            assert raw.ask(get("/?s=1000")).body == pattern(1000)


def test_node_and_description(weir, ports):
    proxy = weir(f"global\n    node here\n    description some words\n{DEFAULTS}\n"
                 f"frontend fe\n    bind 127.0.0.1:{ports.take()}\n")
    info = proxy.info()
    assert (info["node"], info["description"]) == ("here", "some words")
