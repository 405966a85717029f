using k8s.Models;
using YamlDotNet.Core;

namespace BestOfN.Deploy.Tests.Kubernetes;

/// <summary>What can be told without kubectl.</summary>
public sealed class KustomizationTests
{
    private static readonly Kustomization[] s_all =
        [.. Directory.EnumerateFiles(DeployFiles.PathOf("deploy/kubernetes"), "kustomization.yaml", SearchOption.AllDirectories)
            .Select(file => Kustomization.Open(Path.GetDirectoryName(file)!))];

    [Fact]
    public void Files_and_folders_that_are_named_exist_and_no_other_lies_around()
    {
        var needed = s_all.SelectMany(each => each.Needed).ToHashSet();
        Assert.Equal(5, s_all.Length);
        Assert.Equal([], needed.Where(path => !File.Exists(path) && !Directory.Exists(path)));
        Assert.Equal([], Directory.EnumerateFiles(DeployFiles.PathOf("deploy/kubernetes"), "*", SearchOption.AllDirectories)
            .Where(file => !needed.Contains(file) && Path.GetFileName(file) != "kustomization.yaml"));
    }

    [Fact]
    public void Every_manifest_and_every_patch_has_only_fields_that_Kubernetes_knows() =>
        Assert.All(s_all.SelectMany(each => each.Files.Concat(each.PatchFiles)), file => Assert.NotEmpty(Read(file)));

    [Fact]
    public void A_field_that_Kubernetes_does_not_know_is_found() =>
        Assert.Throws<YamlException>(() => Manifests.Read("apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  prots: []\n"));

    [Fact]
    public void Every_patch_changes_a_resource_that_is_there() => Assert.All(Manifests.Overlays, overlay =>
    {
        var parts = Kustomization.Open(overlay).WithParts().ToList();
        var resources = parts.SelectMany(part => part.Files).SelectMany(Read).ToList();
        var patches = parts.SelectMany(part => part.PatchFiles).SelectMany(Read).ToList();
        Assert.NotEmpty(patches);
        Assert.Equal([], patches.Select(Manifests.Identity).Except(resources.Select(Manifests.Identity)));
        Assert.All(patches.OfType<V1Deployment>().SelectMany(patch => patch.Spec.Template.Spec.Containers), container =>
            Assert.Contains(
                resources.OfType<V1Deployment>().Single().Spec.Template.Spec.Containers, known => known.Name == container.Name));
    });

    [Fact]
    public void Settings_and_images_of_an_overlay_replace_those_of_the_base() => Assert.All(Manifests.Overlays, overlay =>
    {
        var parts = Kustomization.Open(overlay).WithParts().ToList();
        var first = parts[0].ConfigMapGenerator.Single().Name;
        Assert.All(
            parts[1..].SelectMany(part => part.ConfigMapGenerator), map => Assert.Equal((first, "replace"), (map.Name, map.Behavior)));
        Assert.All(parts.SelectMany(part => part.Images), image => Assert.Equal("bestofn", image.Name));
    });

    private static List<object> Read(string file) => Manifests.Read(File.ReadAllText(file));
}
