class Jettison < Formula
  desc "{{description}}"
  homepage "{{homepage}}"
  version "{{version}}"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "{{url arm64-darwin}}"
      sha256 "{{sha256 arm64-darwin}}"
    end
    on_intel do
      url "{{url x86_64-darwin}}"
      sha256 "{{sha256 x86_64-darwin}}"
    end
  end

  on_linux do
    on_arm do
      url "{{url aarch64-linux}}"
      sha256 "{{sha256 aarch64-linux}}"
    end
    on_intel do
      url "{{url x86_64-linux}}"
      sha256 "{{sha256 x86_64-linux}}"
    end
  end

  def install
    bin.install "jettison", "jettison-trace"
    man1.install "man/jettison.1"
    bash_completion.install "completions/jettison.bash" => "jettison"
    zsh_completion.install "completions/_jettison"
    fish_completion.install "completions/jettison.fish"
  end

  test do
    (testpath/"Dockerfile").write("FROM debian:12\nRUN apt-get update && apt-get install -y curl\n")
    assert_match "rm -rf /var/lib/apt/lists", shell_output("#{bin}/jettison diff", 1)
  end
end
