//go:build runtimes

package runtimes

import (
	"bufio"
	"flag"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

func endWithParent(attr *syscall.SysProcAttr, last syscall.Signal) { attr.Pdeathsig = last }

// TestChildrenEndWithTheTest kills a process of this test that has a child. Both hold a
// pipe open, and its end is seen when neither does.
func TestChildrenEndWithTheTest(t *testing.T) {
	if flag.Arg(0) == "parent" {
		child := exec.Command("sh", "-c", "echo child; exec sleep 600")
		child.Stdout = os.Stdout
		if err := launch(child, syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait()
		return
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	parent := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "parent")
	parent.Stdout, parent.Env = write, append(os.Environ(), "TMPDIR="+t.TempDir())
	err = launch(parent, syscall.SIGKILL)
	write.Close()
	if err != nil {
		t.Fatal(err)
	}
	_ = read.SetReadDeadline(time.Now().Add(patience))
	printed := bufio.NewReader(read)
	if line, err := printed.ReadString('\n'); line != "child\n" {
		t.Errorf("it prints %q, %v", line, err)
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	if rest, err := io.ReadAll(printed); err != nil || len(rest) > 0 {
		t.Errorf("the child of a process that was killed: %q, %v", rest, err)
	}
}
