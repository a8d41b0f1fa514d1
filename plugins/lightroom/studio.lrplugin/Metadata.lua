-- The fields that the plug-in keeps about each master. They live in the catalog only, never in the file.

return {
    metadataFieldsForPhotos = {
        {
            id = "studioSha256",
            title = LOC "$$$/Studio/Field/Sha256=Studio fingerprint",
            dataType = "string",
            readOnly = true,
            searchable = true,
        },
        {
            id = "studioKind",
            title = LOC "$$$/Studio/Field/Kind=Studio kind",
            dataType = "enum",
            values = {
                { value = "ai", title = LOC "$$$/Studio/Kind/Ai=AI composite" },
                { value = "generated", title = LOC "$$$/Studio/Kind/Generated=AI picture, face included" },
                { value = "capture", title = LOC "$$$/Studio/Kind/Capture=Photograph" },
            },
            readOnly = true,
            searchable = true,
            browsable = true,
        },
        {
            id = "studioContext",
            title = LOC "$$$/Studio/Field/Context=Studio context",
            dataType = "string",
            readOnly = true,
            searchable = true,
            browsable = true,
        },
        {
            id = "studioBase",
            title = LOC "$$$/Studio/Field/Base=Studio base",
            dataType = "string",
            readOnly = true,
            searchable = true,
            browsable = true,
        },
        {
            id = "studioResemblance",
            title = LOC "$$$/Studio/Field/Resemblance=Studio resemblance",
            dataType = "string",
            readOnly = true,
        },
        {
            id = "studioConsentUntil",
            title = LOC "$$$/Studio/Field/ConsentUntil=Consent until",
            dataType = "string",
            readOnly = true,
            searchable = true,
            browsable = true,
        },
    },
    schemaVersion = 1,
}
