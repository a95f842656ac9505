import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.TimeZone;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.api.errors.GitAPIException;
import org.eclipse.jgit.dircache.DirCache;
import org.eclipse.jgit.dircache.DirCacheBuilder;
import org.eclipse.jgit.dircache.DirCacheEntry;
import org.eclipse.jgit.lib.CommitBuilder;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.RefUpdate;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.lib.TagBuilder;
import org.eclipse.jgit.revwalk.RevCommit;
import org.eclipse.jgit.revwalk.RevWalk;
import org.eclipse.jgit.transport.PushResult;
import org.eclipse.jgit.transport.RemoteRefUpdate;
import org.eclipse.jgit.transport.URIish;
import org.eclipse.jgit.transport.UsernamePasswordCredentialsProvider;
import org.eclipse.jgit.treewalk.TreeWalk;

/** JGit. What the commands mean: tests/clients/mod.rs. */
final class JGit {
  private static final PersonIdent ME =
      new PersonIdent(
          "JGit", "jgit@example.com", new Date(1_700_000_000_000L), TimeZone.getTimeZone("UTC"));
  private static final UsernamePasswordCredentialsProvider CREDENTIALS =
      new UsernamePasswordCredentialsProvider("x", System.getenv("CAIRN_TOKEN"));

  public static void main(String[] words) throws Exception {
    switch (words[0]) {
      case "create" -> create(new File(words[1]), words[2]);
      case "clone" -> cloneInto(words[1], new File(words[2]));
      case "fetch" -> fetch(new File(words[1]));
      case "commit" -> commit(new File(words[1]), Integer.parseInt(words[2]));
      case "delete" -> delete(new File(words[1]), words[2]);
      default -> throw new IllegalArgumentException(words[0]);
    }
  }

  private static void create(File folder, String url) throws Exception {
    try (Git git = Git.init().setDirectory(folder).call()) {
      Repository repository = git.getRepository();
      repository.updateRef(Constants.HEAD).link("refs/heads/main");
      var origin = git.remoteAdd();
      origin.setName("origin");
      origin.setUri(new URIish(url));
      origin.call();
      ObjectId first = grow(repository, "main", 1);
      ObjectId tip = first;
      for (int number = 2; number <= 6; number++) {
        tip = grow(repository, "main", number);
      }
      update(repository, "refs/heads/topic", tip);
      ObjectId topic = tip;
      for (int number = 21; number <= 23; number++) {
        topic = grow(repository, "topic", number);
      }
      for (int number = 7; number <= 9; number++) {
        grow(repository, "main", number);
      }
      tip = grow(repository, "main", 10, topic);
      TagBuilder tag = new TagBuilder();
      tag.setTag("v1");
      tag.setMessage("an annotated tag\n");
      tag.setTagger(ME);
      tag.setObjectId(tip, Constants.OBJ_COMMIT);
      try (ObjectInserter inserter = repository.newObjectInserter()) {
        update(repository, "refs/tags/v1", inserter.insert(tag));
        inserter.flush();
      }
      update(repository, "refs/tags/light", first);
      push(git, "refs/heads/main", "refs/heads/topic", "refs/tags/v1", "refs/tags/light");
    }
  }

  private static void cloneInto(String url, File folder) throws GitAPIException {
    Git.cloneRepository()
        .setURI(url)
        .setDirectory(folder)
        .setCredentialsProvider(CREDENTIALS)
        .call()
        .close();
  }

  private static void fetch(File folder) throws Exception {
    try (Git git = Git.open(folder)) {
      git.fetch().setRemoveDeletedRefs(true).setCredentialsProvider(CREDENTIALS).call();
    }
  }

  private static void commit(File folder, int number) throws Exception {
    try (Git git = Git.open(folder)) {
      grow(git.getRepository(), "main", number);
      push(git, "refs/heads/main");
    }
  }

  private static void delete(File folder, String branch) throws Exception {
    try (Git git = Git.open(folder)) {
      push(git, ":refs/heads/" + branch);
    }
  }

  /** Commits a longer log and a new file in a folder to the branch; the commit's id. */
  private static ObjectId grow(Repository repository, String branch, int number, ObjectId... merged)
      throws IOException {
    String refname = "refs/heads/" + branch;
    String file = "deep/er/ö-" + number + ".txt";
    StringBuilder log = new StringBuilder();
    List<ObjectId> parents = new ArrayList<>(Arrays.asList(merged));
    DirCacheBuilder index = DirCache.newInCore().builder();
    try (ObjectInserter inserter = repository.newObjectInserter();
        RevWalk walk = new RevWalk(repository)) {
      ObjectId tip = repository.resolve(refname);
      if (tip != null) {
        parents.add(0, tip);
        RevCommit commit = walk.parseCommit(tip);
        try (TreeWalk files = new TreeWalk(repository)) {
          files.setRecursive(true);
          files.addTree(commit.getTree());
          while (files.next()) {
            if (files.getPathString().equals("log.txt")) {
              byte[] bytes = repository.open(files.getObjectId(0)).getBytes();
              log.append(new String(bytes, StandardCharsets.UTF_8));
            } else {
              index.add(entry(files.getPathString(), files.getFileMode(0), files.getObjectId(0)));
            }
          }
        }
      }
      for (int line = 0; line < 40; line++) {
        log.append(branch + " " + number + ", line " + line + "\n");
      }
      index.add(entry("log.txt", FileMode.REGULAR_FILE, blob(inserter, log.toString())));
      index.add(entry(file, FileMode.REGULAR_FILE, blob(inserter, number + "\n")));
      index.finish();
      CommitBuilder made = new CommitBuilder();
      made.setTreeId(index.getDirCache().writeTree(inserter));
      made.setParentIds(parents);
      made.setAuthor(ME);
      made.setCommitter(ME);
      made.setMessage(branch + " " + number + "\n");
      ObjectId id = inserter.insert(made);
      inserter.flush();
      update(repository, refname, id);
      return id;
    }
  }

  private static ObjectId blob(ObjectInserter inserter, String text) throws IOException {
    return inserter.insert(Constants.OBJ_BLOB, text.getBytes(StandardCharsets.UTF_8));
  }

  private static DirCacheEntry entry(String path, FileMode mode, ObjectId id) {
    DirCacheEntry entry = new DirCacheEntry(path);
    entry.setFileMode(mode);
    entry.setObjectId(id);
    return entry;
  }

  private static void update(Repository repository, String refname, ObjectId id)
      throws IOException {
    RefUpdate update = repository.updateRef(refname);
    update.setNewObjectId(id);
    update.forceUpdate();
  }

  private static void push(Git git, String... refspecs) throws Exception {
    var command = git.push().setRemote("origin").setCredentialsProvider(CREDENTIALS);
    for (String refspec : refspecs) {
      command.add(refspec);
    }
    for (PushResult result : command.call()) {
      for (RemoteRefUpdate update : result.getRemoteUpdates()) {
        if (update.getStatus() != RemoteRefUpdate.Status.OK) {
          throw new IOException(update.getRemoteName() + ": " + update.getMessage());
        }
      }
    }
  }
}
