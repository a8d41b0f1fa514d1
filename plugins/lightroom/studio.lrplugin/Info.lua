return {
    LrSdkVersion = 6.0,
    LrSdkMinimumVersion = 6.0,
    LrToolkitIdentifier = "com.studioserver.lightroom",
    LrPluginName = LOC "$$$/Studio/Name=Studio Server",

    LrPluginInfoProvider = "PluginInfo.lua",
    LrMetadataProvider = "Metadata.lua",

    LrLibraryMenuItems = {
        {
            title = LOC "$$$/Studio/Menu/Pull=Pull approved pictures",
            file = "PullApproved.lua",
        },
        {
            title = LOC "$$$/Studio/Menu/PullAll=Pull everything again",
            file = "PullEverything.lua",
        },
    },

    VERSION = { major = 0, minor = 1, revision = 0, build = 1 },
}
