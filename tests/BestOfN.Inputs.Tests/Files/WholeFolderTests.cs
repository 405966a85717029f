using BestOfN.Inputs.Files;

namespace BestOfN.Inputs.Tests.Files;

public sealed class WholeFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-folder-").FullName;

    private string Output => Path.Combine(_folder, "deep", "model");

    [Fact]
    public void A_folder_that_fails_half_way_leaves_nothing()
    {
        Assert.Throws<InvalidDataException>(() => WholeFolder.Write(Output, folder =>
        {
            File.WriteAllText(Path.Combine(folder, "config.json"), "{}");
            throw new InvalidDataException("the disk is full");
        }));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(Output)!));
    }

    [Fact]
    public void What_a_killed_run_left_is_not_mixed_in()
    {
        Directory.CreateDirectory(Output + ".part");
        File.WriteAllText(Path.Combine(Output + ".part", "old"), "");
        Directory.CreateDirectory(Output);
        WholeFolder.Write(Output + Path.DirectorySeparatorChar, folder => File.WriteAllText(Path.Combine(folder, "config.json"), "{}"));
        Assert.Equal(["config.json"], Directory.EnumerateFileSystemEntries(Output).Select(Path.GetFileName));
        Assert.False(Directory.Exists(Output + ".part"));
    }

    [Fact]
    public void What_appeared_at_the_place_meanwhile_is_not_written_over()
    {
        Directory.CreateDirectory(Output);
        File.WriteAllText(Path.Combine(Output, "mine"), "");
        Assert.Throws<IOException>(
            () => WholeFolder.Write(Output, folder => File.WriteAllText(Path.Combine(folder, "config.json"), "{}")));
        Assert.Equal(["mine"], Directory.EnumerateFileSystemEntries(Output).Select(Path.GetFileName));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
