// Verifies a bundle of GO MASK with the packages behind Go's checksum database and nothing of ours:
//
//	verify BUNDLE VERIFIER_KEY [CHECKPOINT]
//
// Each entry's proof, or the root rebuilt over the whole log; each earlier checkpoint; and that the log begins with the one
// that the reader kept. Prints what it found and exits 0, or says what is wrong and exits 1.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A header, a checkpoint or an entry: the members that proofs are about.
type line struct {
	Format      string
	Keys        []string
	Selection   json.RawMessage
	Entries     int64
	Checkpoint  *string
	Consistency [][]byte
	Index       int64
	Canonical   *string
	LeafHash    []byte
	Proof       *[][]byte
}

// The tree over a whole log, by the numbering of tlog's stored hashes.
type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(m)) {
			return nil, fmt.Errorf("no hash %d", index)
		}
		found[i] = m[index]
	}
	return found, nil
}

func main() {
	if len(os.Args) < 3 {
		fail("usage: verify BUNDLE VERIFIER_KEY [CHECKPOINT]")
	}
	file, err := os.Open(os.Args[1])
	check(err)
	lines := bufio.NewReaderSize(file, 1<<20)
	header, ok := next(lines)
	if !ok || header.Format != "gomask-bundle-v1" && header.Format != "gomask-bundle-v2" {
		fail("no bundle")
	}
	newest, ok := next(lines)
	if !ok || newest.Checkpoint == nil {
		fail("no checkpoint")
	}
	tree := open(*newest.Checkpoint, os.Args[2])
	known := []tlog.Tree{tree}
	isWhole := string(header.Selection) == "null"

	var stored memory
	count := int64(0)
	for {
		each, ok := next(lines)
		if !ok {
			break
		}
		if each.Checkpoint != nil {
			known = append(known, earlier(each, tree, append(header.Keys, os.Args[2])))
			continue
		}
		if isWhole {
			stored = add(stored, count, each)
		} else {
			checkProof(each, tree)
		}
		count++
	}
	if count != header.Entries {
		fail("%d entries of %d", count, header.Entries)
	}
	if isWhole {
		checkRoots(stored, count, tree, known)
	}
	if len(os.Args) > 3 {
		kept, err := os.ReadFile(os.Args[3])
		check(err)
		checkKept(open(string(kept), os.Args[2]), stored, isWhole, known)
	}
	fmt.Printf("verifies: %d entries of a log of %d, %d earlier checkpoints\n", count, tree.N, len(known)-1)
}

func next(lines *bufio.Reader) (line, bool) {
	text, err := lines.ReadBytes('\n')
	if err == io.EOF && len(text) == 0 {
		return line{}, false
	}
	check(err)
	var read line
	check(json.Unmarshal(text, &read))
	return read, true
}

func open(text string, keys ...string) tlog.Tree {
	var verifiers []note.Verifier
	seen := map[string]bool{}
	for _, key := range keys {
		if !seen[key] {
			verifier, err := note.NewVerifier(key)
			check(err)
			verifiers = append(verifiers, verifier)
		}
		seen[key] = true
	}
	opened, err := note.Open([]byte(text), note.VerifierList(verifiers...))
	check(err)
	// A checkpoint's body is origin, size and root, as of Go's own log, whose first line is fixed.
	body := bytes.SplitN([]byte(opened.Text), []byte("\n"), 2)
	if string(body[0]) != opened.Sigs[0].Name {
		fail("the checkpoint is of another log than its signature")
	}
	tree, err := tlog.ParseTree(append([]byte("go.sum database tree\n"), body[1]...))
	check(err)
	return tree
}

func earlier(each line, tree tlog.Tree, keys []string) tlog.Tree {
	old := open(*each.Checkpoint, keys...)
	check(tlog.CheckTree(hashes(each.Consistency), tree.N, tree.Hash, old.N, old.Hash))
	return old
}

func checkProof(each line, tree tlog.Tree) {
	leaf := tlog.Hash{}
	if each.Canonical != nil {
		leaf = tlog.RecordHash([]byte(*each.Canonical))
	} else {
		copy(leaf[:], each.LeafHash)
	}
	if each.Proof == nil {
		fail("entry %d has no proof", each.Index)
	}
	if err := tlog.CheckRecord(hashes(*each.Proof), tree.N, tree.Hash, each.Index, leaf); err != nil {
		fail("entry %d: %v", each.Index, err)
	}
}

func add(stored memory, count int64, each line) memory {
	if each.Index != count || each.Canonical == nil {
		fail("entry %d stands where entry %d should", each.Index, count)
	}
	added, err := tlog.StoredHashes(count, []byte(*each.Canonical), stored)
	check(err)
	return append(stored, added...)
}

func checkRoots(stored memory, count int64, tree tlog.Tree, known []tlog.Tree) {
	if count != tree.N {
		fail("%d entries, and the checkpoint says %d", count, tree.N)
	}
	for _, each := range known {
		root, err := tlog.TreeHash(each.N, stored)
		check(err)
		if root != each.Hash {
			fail("the first %d entries do not have the root that was signed", each.N)
		}
	}
}

func checkKept(kept tlog.Tree, stored memory, isWhole bool, known []tlog.Tree) {
	if kept.N > known[0].N {
		fail("the log was cut: the checkpoint kept says %d, the newest %d", kept.N, known[0].N)
	}
	if isWhole {
		root, err := tlog.TreeHash(kept.N, stored)
		check(err)
		if root != kept.Hash {
			fail("the history was rewritten: the first %d entries are not those of the checkpoint kept", kept.N)
		}
		return
	}
	for _, each := range known {
		if each.N == kept.N && each.Hash == kept.Hash {
			return
		}
	}
	fail("the checkpoint kept, of %d entries, is none of the bundle's", kept.N)
}

func hashes(list [][]byte) []tlog.Hash {
	found := make([]tlog.Hash, len(list))
	for i, each := range list {
		if copy(found[i][:], each) != tlog.HashSize {
			fail("a hash is too short")
		}
	}
	return found
}

func check(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fail(format string, details ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", details...)
	os.Exit(1)
}
