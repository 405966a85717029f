using BestOfN.Core.Prompts;
using BestOfN.Inference.ImageCache;
using BestOfN.Inputs.Files;

namespace BestOfN.Inference.Tests.Files;

public sealed class RegularFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-files-").FullName;

    private string Name => Path.Combine(_folder, "a.png");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_is_read_up_to_its_limit_and_through_links()
    {
        File.WriteAllText(Name, "abc");
        File.CreateSymbolicLink(Name + ".link", Name);
        Assert.Equal("abc", RegularFile.ReadAllText(Name, 3));
        Assert.Equal("abc"u8.ToArray(), RegularFile.ReadAllBytes(Name + ".link", 100));
        Assert.Contains("2 bytes", Assert.Throws<IOException>(() => RegularFile.ReadAllBytes(Name, 2)).Message, StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => RegularFile.ReadAllBytes(Name + ".absent", 2));
    }

    [Fact]
    public async Task A_image_that_is_a_pipe_a_device_or_a_folder_is_refused_at_once()
    {
        SpecialFiles.Pipe(Name);
        foreach (var path in (string[])[Name, "/dev/zero", "/dev/tty", _folder])
        {
            var reading = Task.Run<ContentPart>(() => ImageFile.ReadImage(path), TestContext.Current.CancellationToken);
            var error = await Assert.ThrowsAsync<IOException>(
                () => reading.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken));
            Assert.Contains("not a regular file", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_file_of_the_system_that_claims_to_be_empty_is_read_up_to_its_limit_too()
    {
        Assert.SkipUnless(File.Exists("/proc/self/maps"), "The system has no such files.");
        Assert.NotEmpty(RegularFile.ReadAllBytes("/proc/self/maps", 1 << 24));
        Assert.Throws<IOException>(() => RegularFile.ReadAllBytes("/proc/self/maps", 100));
    }

    [Fact]
    public void A_name_that_no_file_can_have_is_an_error_of_the_file() =>
        Assert.DoesNotContain('\0', Assert.Throws<IOException>(() => RegularFile.ReadAllBytes("a\0b", 100)).Message);

    [Theory]
    [InlineData("plain é 漢 😀", "plain é 漢 😀")]
    [InlineData("\u001b[2J\u001b]0;x\u0007", "\uFFFD[2J\uFFFD]0;x\uFFFD")]
    [InlineData("a\r\nb\u0085c\u2028d\u009be", "a\uFFFD\uFFFDb\uFFFDc\uFFFDd\uFFFDe")]
    [InlineData("abc\u202Egpj.exe", "abc\uFFFDgpj.exe")]
    public void What_moves_a_cursor_or_turns_a_line_is_not_printed(string text, string expected) =>
        Assert.Equal(expected, Printable.Text(text));
}
